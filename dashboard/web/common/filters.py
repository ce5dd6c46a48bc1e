"""The filters above a list, as forms sent by GET, and the requested page of the list."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.forms.utils import flatatt
from django.http import HttpRequest, QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.snapshot import Snapshot
from dashboard.usage.models import Application

__all__ = [
    "Choice",
    "FilterForm",
    "HiddenChoice",
    "SearchField",
    "TextField",
    "paginate",
    "platform_choices",
    "team_choices",
]

LabelText = Any
"""A text, or one that is translated when it is shown."""
Choice = tuple[str, LabelText]

ANY = _("Any")

PAGE_SIZE = 50


class TextField(forms.CharField):
    """A short text; no stored name is longer."""

    def __init__(self, label: LabelText, placeholder: LabelText = "") -> None:
        attrs = {"class": "input", "placeholder": placeholder}
        super().__init__(label=label, required=False, max_length=300, widget=forms.TextInput(attrs))


class SearchField(TextField):
    """The search field, always named `q`; it takes the remaining width."""

    wide = True

    def __init__(self, placeholder: LabelText) -> None:
        super().__init__(_("Search"), placeholder)
        self.widget.input_type = "search"


class PlainSelect(forms.Select):
    """A choice as Django draws it, without a template for each option: there may be a team for each of many."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002 Django names it
        chosen = {str(item) for item in self.format_value(value)}
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            ((key, mark_safe(" selected") if str(key) in chosen else "", label) for key, label in self.choices),
        )
        own = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>\n{}\n</select>', name, own, options)


class HiddenChoice(forms.ChoiceField):
    """A choice that is made elsewhere on the page, kept when the form is sent."""

    def __init__(self, values: Iterable[str]) -> None:
        choices = [("", ""), *((value, value) for value in values)]
        super().__init__(required=False, choices=choices, widget=forms.HiddenInput())


class FilterForm(forms.Form):
    """Filters of one list. An invalid value is reported beside its field and filters nothing."""

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query, auto_id="filter-%s", use_required_attribute=False)

    def add_choice(
        self, name: str, label: LabelText, choices: Iterable[Choice], *, any_label: LabelText = ANY
    ) -> None:
        """Add a choice; the first option, with an empty value, filters nothing."""
        widget = PlainSelect({"class": "select"})
        self.fields[name] = forms.ChoiceField(
            label=label, required=False, choices=[("", any_label), *choices], widget=widget
        )

    def add_checkbox(self, name: str, label: LabelText) -> None:
        self.fields[name] = forms.BooleanField(label=label, required=False)

    def value(self, name: str) -> Any:
        """The value of a field, "" (or False) where nothing sensible is chosen."""
        if self.is_valid() or name in self.cleaned_data:
            return self.cleaned_data[name]
        return ""

    @property
    def active(self) -> bool:
        """Whether anything narrows the list."""
        return any(self.value(name) for name in self.fields)


def platform_choices(snapshot: Snapshot, slugs: Iterable[str]) -> list[Choice]:
    """Platforms to choose from, by their display name."""
    return sorted(
        ((slug, snapshot.platform_name(slug)) for slug in set(slugs)), key=lambda choice: choice[1].casefold()
    )


def team_choices() -> list[Choice]:
    """Every team that an application belongs to."""
    teams = Application.objects.exclude(team="").order_by("team").values_list("team", flat=True).distinct()
    return [(team, team) for team in teams]


def paginate(request: HttpRequest, rows: Sequence | QuerySet, size: int = PAGE_SIZE) -> Page:
    """The page `?page=` of `rows`; an invalid number gives the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
