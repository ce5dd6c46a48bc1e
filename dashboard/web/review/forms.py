"""Forms to change a proposed value before accepting it, by the kind of field."""

from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.catalog.choices import Kind, Precision
from dashboard.catalog.date_field import CatalogDateField
from dashboard.catalog.feeds.diff import ALIASES, ENTRY, REPLACEMENTS
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import ProposedChange
from dashboard.catalog.snapshot import Snapshot

__all__ = ["EditForm", "form_for"]

_INPUT = {"class": "input"}
_SELECT = forms.Select({"class": "select"})


class EditForm(forms.Form):
    """Source and note. Subclasses add the fields of the value; `value()` returns it as `ProposedChange.new`."""

    source_url = forms.CharField(
        label=gettext_lazy("Source URL"),
        max_length=500,
        validators=[URLValidator(["http", "https"])],
        widget=forms.URLInput(_INPUT),
    )
    note = forms.CharField(
        label=gettext_lazy("Note (optional)"), required=False, max_length=500, widget=forms.TextInput(_INPUT)
    )

    def __init__(self, proposal: ProposedChange, snapshot: Snapshot, data: Any = None) -> None:
        self.proposal, self.snapshot = proposal, snapshot
        super().__init__(
            data, initial={"source_url": proposal.source_url} | self.initial_values(), auto_id="edit-%s"
        )
        self.order_fields([*(name for name in self.fields if name not in {"source_url", "note"})])

    def initial_values(self) -> dict[str, Any]:
        """The proposed value, as initial values of the fields."""
        return {}

    def value(self) -> Any:
        raise NotImplementedError


class DateForm(EditForm):
    on = CatalogDateField(gettext_lazy("Date (empty for no date)"))
    precision = forms.ChoiceField(label=gettext_lazy("Precision"), choices=Precision.choices, widget=_SELECT)

    def initial_values(self) -> dict[str, Any]:
        return dict(self.proposal.new)

    def value(self) -> dict[str, Any]:
        on = self.cleaned_data["on"]
        return {"on": on.isoformat() if on else None, "precision": self.cleaned_data["precision"] if on else "day"}


class NewEntryForm(DateForm):
    """The kind and the sunset of a new entry; its other dates stay as proposed."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Kind.choices, widget=_SELECT)

    def initial_values(self) -> dict[str, Any]:
        steps: list[dict[str, Any]] = self.proposal.new["steps"]
        sunset = next((step for step in steps if step["kind"] == "sunset"), {})
        return {"precision": Precision.DAY, **sunset, "kind": self.proposal.new["kind"]}

    def value(self) -> dict[str, Any]:
        others = [step for step in self.proposal.new["steps"] if step["kind"] != "sunset"]
        step = super().value()
        sunset = [{"kind": "sunset", "region": "", **step}] if step["on"] else []
        return self.proposal.new | {"kind": self.cleaned_data["kind"], "steps": [*others, *sunset]}


class ReplacementsForm(EditForm):
    replacements = forms.CharField(
        label=gettext_lazy("Replacements"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("One id or platform/id per line, best first"),
        widget=forms.Textarea({"class": "textarea", "rows": 4}),
    )

    def initial_values(self) -> dict[str, Any]:
        return {"replacements": "\n".join(self.proposal.new)}

    def clean_replacements(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["replacements"].splitlines()]
        return list(dict.fromkeys(self._entry(line).key for line in lines if line))

    def _entry(self, text: str) -> EntryState:
        platform, _slash, entry_id = text.partition("/")
        entry = self.snapshot.get(self.proposal.platform.slug, text) or self.snapshot.get(platform, entry_id)
        if not entry:
            raise forms.ValidationError(_("The catalog has no entry “%(text)s”.") % {"text": text})
        return entry

    def value(self) -> list[str]:
        return self.cleaned_data["replacements"]


class AliasesForm(EditForm):
    """A selection of the proposed aliases; their days stay as proposed."""

    def __init__(self, proposal: ProposedChange, snapshot: Snapshot, data: Any = None) -> None:
        super().__init__(proposal, snapshot, data)
        self.fields["aliases"] = forms.MultipleChoiceField(
            label=_("Aliases to add"),
            choices=[(alias["name"], alias["name"]) for alias in proposal.new],
            widget=forms.CheckboxSelectMultiple(),
        )
        self.order_fields(["aliases"])

    def initial_values(self) -> dict[str, Any]:
        return {"aliases": [alias["name"] for alias in self.proposal.new]}

    def value(self) -> list[dict[str, Any]]:
        return [alias for alias in self.proposal.new if alias["name"] in self.cleaned_data["aliases"]]


def form_for(proposal: ProposedChange, snapshot: Snapshot, data: Any = None) -> EditForm:
    """The form for the field of the proposal, bound if there is `data`."""
    forms_by_field: dict[str, type[EditForm]] = {
        ALIASES: AliasesForm,
        ENTRY: NewEntryForm,
        REPLACEMENTS: ReplacementsForm,
    }
    return forms_by_field.get(proposal.field, DateForm)(proposal, snapshot, data)
