"""The admin form of an entry: its own fields, and its lifecycle as known today.

Changes of the lifecycle become one new revision with the changed points only; stored revisions never change.
"""

import hashlib
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.changes.apply import check_entry
from dashboard.catalog.changes.validate import LatestState, latest_state
from dashboard.catalog.choices import MilestoneKind, OnSunset, Precision
from dashboard.catalog.date_field import CatalogDateField
from dashboard.catalog.documents import EntryDoc, Key, MilestoneDoc, Problem, RevisionDoc, entry_reference
from dashboard.catalog.models import Entry
from dashboard.catalog.serializers import entry_details
from dashboard.core import clock

__all__ = ["KINDS", "EntryForm", "state_of"]

KINDS = tuple(MilestoneKind)


def state_of(entry: Entry | None) -> tuple[EntryDoc | None, LatestState]:
    """The stored document of an entry, and the latest value of each point of its lifecycle."""
    record = entry_details().get((entry.platform.slug, entry.name)) if entry and entry.pk else None
    return record, latest_state(record) if record else LatestState()


class EntryForm(forms.ModelForm):
    """Adds `revision` to `cleaned_data`: the changes of the lifecycle, or None."""

    regions = forms.CharField(
        label=_("By region"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_(
            "One step per line: kind, region, day, and a precision if it is not that very day: "
            "sunset us-east-1 2026-07-01 not_before. Take a line away to take the step back."
        ),
    )
    on_sunset = forms.ChoiceField(label=_("On sunset"), required=False, choices=[("", "—"), *OnSunset.choices])
    replacements = forms.CharField(
        required=False,
        label=_("Replacements"),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_("Recommended ids, one per line, best first; platform/id for another platform"),
    )
    source_url = forms.URLField(
        label=_("Source address"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vLargeTextField"}),
        help_text=_("Where this is written. Needed whenever anything in this part changes."),
    )
    known_on = forms.DateField(
        label=_("Known since"),
        required=False,
        widget=AdminDateWidget,
        help_text=_("The day it was public; empty: today"),
    )
    revision_note = forms.CharField(
        label=_("Note on this change"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
    )
    accept_warnings = forms.BooleanField(
        label=_("A replacement may be retired by then"),
        required=False,
        help_text=_("Tick it if the source really recommends a model that ends no later itself"),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Entry
        fields = ("platform", "name", "vendor", "kind", "released_on", "confidence", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record, self.state = state_of(self.instance if self.instance.pk else None)
        for name in {"platform", "name"} & self.fields.keys() if self.instance.pk else ():
            self.fields[name].disabled = True  # other records refer to the id
        for kind in KINDS:
            step = self.state.steps.get((kind.value, ""))
            self.fields[f"{kind.value}_on"] = CatalogDateField(kind.label, widget=AdminDateWidget)
            self.fields[f"{kind.value}_precision"] = forms.ChoiceField(
                label=_("Precision"), required=False, choices=Precision.choices
            )
            self.initial[f"{kind.value}_on"] = step.on if step else None
            self.initial[f"{kind.value}_precision"] = step.precision if step else Precision.DAY
        self.initial.update(
            {
                "regions": "\n".join(_line(step) for step in self._regional()),
                "on_sunset": self.state.on_sunset,
                "replacements": "\n".join(
                    entry_reference(key, self._platform()) for key in self.state.replacements
                ),
                "seen": self._fingerprint(),
            }
        )

    def _platform(self) -> str:
        return self.instance.platform.slug if self.instance.platform_id else ""

    def _regional(self) -> list[MilestoneDoc]:
        return [step for (_kind, region), step in sorted(self.state.steps.items()) if region and step.on]

    def _fingerprint(self) -> str:
        """A hash of the lifecycle shown, to detect a change by somebody else while the form was open."""
        shown = repr(sorted(self.state.steps.items())), self.state.on_sunset, self.state.replacements
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]

    def clean_regions(self) -> dict[Key, MilestoneDoc]:
        """(kind, region) -> milestone."""
        milestones: dict[Key, MilestoneDoc] = {}
        for line in self.cleaned_data["regions"].splitlines():
            if not line.strip():
                continue
            parts = line.split()
            kind, region, day, precision = [*parts, "day"][:4] if len(parts) in {3, 4} else ("", "", "", "")
            try:
                on = CatalogDateField().clean(day)
            except forms.ValidationError as error:
                if error.code == "year":
                    raise
                on = None
            if kind not in MilestoneKind.values or not on or precision not in Precision.values:
                raise forms.ValidationError(
                    gettext("“%(line)s” is not a kind, a region, a day and perhaps a precision")
                    % {"line": line[:100]}
                )
            if (kind, region) in milestones:
                raise forms.ValidationError(
                    gettext("%(kind)s %(region)s is listed twice") % {"kind": kind, "region": region[:40]}
                )
            milestones[kind, region] = MilestoneDoc(kind, on, precision, region[:40])
        return milestones

    def clean_known_on(self) -> Any:
        day = self.cleaned_data["known_on"]
        if day and day > clock.today():
            raise forms.ValidationError(gettext("Choose today or an earlier day"))
        return day or clock.today()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["revision"] = None
        if self.errors:
            return cleaned
        if self.instance.pk and cleaned["seen"] and cleaned["seen"] != self._fingerprint():
            raise forms.ValidationError(
                gettext("Somebody changed this entry while you were editing it. Reload the page.")
            )
        revision = self._revision(cleaned)
        if revision:
            self._check(cleaned, revision)
            if not self.errors:
                cleaned["revision"] = revision
        return cleaned

    def _revision(self, cleaned: dict[str, Any]) -> RevisionDoc | None:
        """One revision with what differs from the state shown; None without differences."""
        references = tuple(line.strip() for line in cleaned["replacements"].splitlines() if line.strip())
        before = tuple(entry_reference(key, cleaned["platform"].slug) for key in self.state.replacements)
        revision = RevisionDoc(
            known_on=cleaned["known_on"],
            source_url=cleaned["source_url"],
            note=cleaned["revision_note"].strip(),
            milestones=tuple(sorted(self._changed_steps(cleaned), key=lambda step: (step.kind, step.region))),
            on_sunset=cleaned["on_sunset"] if cleaned["on_sunset"] != self.state.on_sunset else "",
            references=references if references != before else None,
        )
        if self.state.on_sunset and not cleaned["on_sunset"]:
            self.add_error("on_sunset", gettext("A recorded value can be changed, but not removed"))
        if not revision.milestones and not revision.on_sunset and revision.references is None:
            return None
        if not revision.source_url:
            self.add_error("source_url", gettext("Enter the address of the source: every date needs one"))
        if self.state.known_on and revision.known_on < self.state.known_on:
            self.add_error(
                "known_on",
                gettext("The latest revision is of %(day)s: choose that day or a later one")
                % {"day": self.state.known_on},
            )
        return revision

    def _changed_steps(self, cleaned: dict[str, Any]) -> list[MilestoneDoc]:
        wanted = dict(cleaned["regions"])
        for kind in KINDS:
            on, precision = cleaned[f"{kind.value}_on"], cleaned[f"{kind.value}_precision"]
            if on:
                wanted[kind.value, ""] = MilestoneDoc(kind.value, on, str(precision or Precision.DAY))
        known = {key: step for key, step in self.state.steps.items() if step.on}
        gone = [MilestoneDoc(kind, None, region=region) for kind, region in known.keys() - wanted.keys()]
        return [step for key, step in wanted.items() if known.get(key) != step] + gone

    def _check(self, cleaned: dict[str, Any], revision: RevisionDoc) -> None:
        entry = EntryDoc(cleaned["platform"].slug, cleaned["name"], kind=cleaned["kind"], history=(revision,))
        problems, warnings = check_entry(entry)
        for problem in [*problems, *([] if cleaned["accept_warnings"] else warnings)]:
            self.add_error(self._field_of(problem), str(problem.message))

    def _field_of(self, problem: Problem) -> str | None:
        name = problem.at.field.rpartition(".")[2].partition("[")[0]
        return {"sunset": "sunset_on", "replacements": "replacements", "id": "name"}.get(name)


def _line(step: MilestoneDoc) -> str:
    precision = [] if step.precision == "day" else [step.precision]
    return " ".join([step.kind, step.region, str(step.on), *precision])
