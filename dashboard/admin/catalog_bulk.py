"""Changing many entries together: one form, a dry run of what it would change, and then all or nothing."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.choices import Confidence, Kind, MilestoneKind, OnSunset, Precision
from dashboard.catalog.documents import CatalogError, Document, EntryDoc, MilestoneDoc, RevisionDoc
from dashboard.catalog.files.values import FIRST_YEAR, LAST_YEAR
from dashboard.catalog.models import Entry, Vendor
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan

__all__ = ["BulkEdits"]

MOST = 500
AS_IS = _("as it is")
KEEP = [("", AS_IS)]


class BulkForm(forms.Form):
    """What to set; empty fields leave entries as they are. Days need the address where they are written."""

    vendor = forms.ModelChoiceField(
        Vendor.objects.all(), required=False, label=_("Vendor"), empty_label=KEEP[0][1]
    )
    kind = forms.ChoiceField(choices=[*KEEP, *Kind.choices], required=False, label=_("Kind"))
    confidence = forms.ChoiceField(choices=[*KEEP, *Confidence.choices], required=False, label=_("Confidence"))
    milestone = forms.ChoiceField(
        choices=[*KEEP, *MilestoneKind.choices], required=False, label=_("Step"), initial=MilestoneKind.SUNSET
    )
    on = forms.DateField(required=False, label=_("on"), widget=AdminDateWidget)
    precision = forms.ChoiceField(choices=Precision.choices, required=False, label=_("Precision"))
    on_sunset = forms.ChoiceField(choices=[*KEEP, *OnSunset.choices], required=False, label=_("On sunset"))
    source_url = forms.URLField(
        required=False,
        max_length=500,
        assume_scheme="https",
        label=_("Source address"),
        widget=forms.URLInput(attrs={"class": "vLargeTextField"}),
    )
    known_on = forms.DateField(
        required=False,
        label=_("Known since"),
        widget=AdminDateWidget,
        help_text=_("The day it was public; empty: today"),
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Note on this change"),
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
    )

    def clean_known_on(self) -> Any:
        day = self.cleaned_data["known_on"]
        if day and day > clock.today():
            raise forms.ValidationError(gettext("Nothing is known before it is said: choose today or earlier"))
        return day or clock.today()

    def clean(self) -> dict[str, Any]:
        told = super().clean() or self.cleaned_data
        dated = told.get("on") or told.get("on_sunset")
        if told.get("on") and not told.get("milestone"):
            self.add_error("milestone", gettext("Say which step is on that day"))
        if told.get("on") and not FIRST_YEAR <= told["on"].year <= LAST_YEAR:
            self.add_error("on", gettext("That year cannot be right"))
        if dated and "source_url" in told and not told["source_url"]:
            self.add_error("source_url", gettext("Say where this is written: every date carries its source"))
        if not dated and not any(told.get(name) for name in ("vendor", "kind", "confidence")):
            raise forms.ValidationError(gettext("Nothing is chosen to change"))
        return told

    def document(self, entries: QuerySet) -> Document:
        """The entries with what the form states, as a file would have it."""
        told = self.cleaned_data
        plain: dict[str, Any] = {name: told[name] for name in ("kind", "confidence") if told[name]}
        if told["vendor"]:
            plain["vendor"] = told["vendor"].slug
        history = (self._revision(),) if told["on"] or told["on_sunset"] else ()
        keys = entries.order_by("platform__slug", "name").values_list("platform__slug", "name")
        return Document(
            entries=[
                EntryDoc(platform, name, **plain, history=history, given=frozenset(plain))
                for platform, name in keys
            ]
        )

    def _revision(self) -> RevisionDoc:
        told = self.cleaned_data
        step = MilestoneDoc(told["milestone"], told["on"], told["precision"] or Precision.DAY)
        return RevisionDoc(
            known_on=told["known_on"],
            source_url=told["source_url"],
            note=told["note"].strip(),
            milestones=(step,) if told["on"] else (),
            on_sunset=told["on_sunset"],
        )


class BulkEdits(admin.ModelAdmin):
    """Actions on the entries that are ticked in the list."""

    actions = ("mark_verified", "mark_unverified", "change_together")

    @admin.action(description=_("Mark as verified"), permissions=["change"])
    def mark_verified(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        self._set_confidence(request, queryset, Confidence.HIGH)

    @admin.action(description=_("Mark as unverified"), permissions=["change"])
    def mark_unverified(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        self._set_confidence(request, queryset, Confidence.LOW)

    @admin.action(description=_("Change together…"), permissions=["change"])
    def change_together(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        """The form, then what it would change, then the change: each a POST of the same action."""
        if queryset.count() > MOST:
            messages.error(request, gettext("At most %(count)s entries at a time") % {"count": MOST})
            return None
        asked = "show" in request.POST or "confirm" in request.POST
        form = BulkForm(request.POST if asked else None)
        context: dict[str, Any] = {"form": form, "entries": queryset.select_related("platform")}
        if asked and form.is_valid():
            document = form.document(queryset)
            try:
                if "confirm" in request.POST:
                    self._apply(request, document)
                    return None
                context["result"] = apply_document(document, now=clock.now(), origin="admin", dry_run=True)
            except CatalogError as problem:
                context["problem"] = str(problem)
        return TemplateResponse(
            request,
            "admin/catalog/bulk.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Change entries together"),
                "media": self.media + form.media,
                "checkbox": ACTION_CHECKBOX_NAME,
                **context,
            },
        )

    def _set_confidence(self, request: HttpRequest, queryset: QuerySet[Entry], word: Confidence) -> None:
        keys = queryset.values_list("platform__slug", "name")
        given = frozenset({"confidence"})
        self._apply(request, Document(entries=[EntryDoc(*key, confidence=word, given=given) for key in keys]))

    def _apply(self, request: HttpRequest, document: Document) -> None:
        result = apply_document(document, now=clock.now(), origin="admin", by=request.user)
        if result.changed:
            enqueue_scan()
        count = result.entries_changed
        messages.success(
            request,
            ngettext("%(count)s entry changed", "%(count)s entries changed", count) % {"count": count},
        )
