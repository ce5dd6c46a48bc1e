"""Forms of the actions on an unknown model."""

from dataclasses import replace
from datetime import date
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dashboard.catalog.choices import Kind
from dashboard.catalog.date_field import CatalogDateField
from dashboard.catalog.documents import EntryDoc, MilestoneDoc, RevisionDoc
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Platform
from dashboard.catalog.names.resolve import suggest
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.uncatalogued import UncataloguedName
from dashboard.usage.models import Source

__all__ = ["AliasForm", "DeploymentForm", "IgnoreForm", "NameForm", "NewEntryForm", "UnignoreForm"]

_INPUT = {"class": "input"}


class NameForm(forms.Form):
    """A form about one name, with the catalog of one day."""

    explanation = ""
    offers_suggestions = False

    def __init__(self, *args: Any, name: UncataloguedName, snapshot: Snapshot, **kwargs: Any) -> None:
        self.name, self.snapshot = name, snapshot
        super().__init__(*args, **kwargs)


class TargetForm(NameForm):
    """Chooses an entry: `suggestion` comes from a button, `target` from the text field.

    The buttons belong to a form of their own, so that Enter in the text field presses none of them.
    """

    offers_suggestions = True
    target = forms.CharField(
        label=gettext_lazy("Entry"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("platform/id, or the id alone on the same platform"),
        widget=forms.TextInput(_INPUT),
    )
    suggestion = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("suggestion") or cleaned.get("target", "")
        if not text and not self.errors:
            self.add_error("target", _("Enter a catalog entry"))
        elif text:
            cleaned["entry"] = self._entry(text)
        return cleaned

    def _entry(self, text: str) -> EntryState | None:
        platform, _slash, entry_id = text.partition("/")
        entry = self.snapshot.get(platform, entry_id) or self.snapshot.get(self.name.stated_platform, text)
        if not entry:
            similar = ", ".join(near.platform + "/" + near.id for near in suggest(text, "", self.snapshot.names))
            message = _("The catalog has no entry “%(text)s”.") % {"text": text}
            hint = _("Similar entries: %(names)s") % {"names": similar} if similar else ""
            self.add_error("target", f"{message} {hint}".strip())
        return entry


class AliasForm(TargetForm):
    source_url = forms.URLField(
        label=gettext_lazy("Source URL (optional)"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(_INPUT),
    )


class DeploymentForm(TargetForm):
    field_order = ("source",)
    source = forms.ModelChoiceField(
        label=pgettext_lazy("of usage", "Source"),
        queryset=Source.objects.none(),
        widget=forms.Select({"class": "select"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sources = self.name.sources
        field: Any = self.fields["source"]
        field.queryset = self.sources
        field.empty_label = None

    @property
    def only_source(self) -> Source | None:
        """The source, if there is only one."""
        sources = list(self.sources[:2])
        return sources[0] if len(sources) == 1 else None

    @property
    def offers_suggestions(self) -> bool:  # type: ignore[override]
        return self.only_source is not None


class IgnoreForm(NameForm):
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, widget=forms.TextInput(_INPUT))


class NewEntryForm(NameForm):
    platform = forms.ModelChoiceField(
        label=gettext_lazy("Platform"),
        queryset=Platform.objects.order_by("slug"),
        to_field_name="slug",
        widget=forms.Select({"class": "select"}),
    )
    id = forms.CharField(label=gettext_lazy("Id"), max_length=200, widget=forms.TextInput(_INPUT))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Kind.choices, widget=forms.Select({"class": "select"})
    )
    sunset = CatalogDateField(gettext_lazy("Sunset date (if announced)"))
    source_url = forms.CharField(
        label=gettext_lazy("Source URL"),
        required=False,
        max_length=500,
        validators=[URLValidator(["http", "https"])],
        widget=forms.URLInput(_INPUT),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sunset = cleaned.get("sunset")
        if sunset and "source_url" in cleaned and not cleaned["source_url"]:
            self.add_error("source_url", _("Enter the source URL: every date needs a source"))
        return cleaned

    def entry(self, today: date) -> EntryDoc:
        data = self.cleaned_data
        entry = EntryDoc(data["platform"].slug, data["id"], kind=data["kind"], given=frozenset({"kind"}))
        if not data["source_url"]:
            return entry
        steps = (MilestoneDoc("sunset", data["sunset"]),) if data["sunset"] else ()
        return replace(entry, history=(RevisionDoc(today, data["source_url"], milestones=steps),))


class UnignoreForm(NameForm):
    pass
