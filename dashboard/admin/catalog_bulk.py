"""Bulk changes of entries: a form, a dry run of the changes, and one transaction."""

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
from dashboard.catalog.date_field import CatalogDateField
from dashboard.catalog.documents import CatalogError, Document, EntryDoc, MilestoneDoc, RevisionDoc
from dashboard.catalog.models import Entry, Vendor
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan

__all__ = ["BulkEdits"]

MAX_ENTRIES = 500
NO_CHANGE_LABEL = _("as it is")
NO_CHANGE = [("", NO_CHANGE_LABEL)]


class BulkForm(forms.Form):
    """The values to set. An empty field changes nothing; dates need the address of their source."""

    vendor = forms.ModelChoiceField(
        Vendor.objects.all(), required=False, label=_("Vendor"), empty_label=NO_CHANGE_LABEL
    )
    kind = forms.ChoiceField(choices=[*NO_CHANGE, *Kind.choices], required=False, label=_("Kind"))
    confidence = forms.ChoiceField(
        choices=[*NO_CHANGE, *Confidence.choices], required=False, label=_("Confidence")
    )
    milestone = forms.ChoiceField(
        choices=[*NO_CHANGE, *MilestoneKind.choices], required=False, label=_("Step"), initial=MilestoneKind.SUNSET
    )
    on = CatalogDateField(_("on"), widget=AdminDateWidget)
    precision = forms.ChoiceField(choices=Precision.choices, required=False, label=_("Precision"))
    on_sunset = forms.ChoiceField(choices=[*NO_CHANGE, *OnSunset.choices], required=False, label=_("On sunset"))
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
            raise forms.ValidationError(gettext("Choose today or an earlier day"))
        return day or clock.today()

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        dated = values.get("on") or values.get("on_sunset")
        if values.get("on") and not values.get("milestone"):
            self.add_error("milestone", gettext("Choose the milestone that this date is for"))
        if dated and "source_url" in values and not values["source_url"]:
            self.add_error("source_url", gettext("Enter the address of the source: every date needs one"))
        if (
            not self.errors
            and not dated
            and not any(values.get(name) for name in ("vendor", "kind", "confidence"))
        ):
            raise forms.ValidationError(gettext("Choose at least one change"))
        return values

    def document(self, entries: QuerySet) -> Document:
        """The form's values for each entry, as a catalog document."""
        values = self.cleaned_data
        fields: dict[str, Any] = {name: values[name] for name in ("kind", "confidence") if values[name]}
        if values["vendor"]:
            fields["vendor"] = values["vendor"].slug
        history = (self._revision(),) if values["on"] or values["on_sunset"] else ()
        keys = entries.order_by("platform__slug", "name").values_list("platform__slug", "name")
        return Document(
            entries=[
                EntryDoc(platform, name, **fields, history=history, given=frozenset(fields))
                for platform, name in keys
            ]
        )

    def _revision(self) -> RevisionDoc:
        values = self.cleaned_data
        milestone = MilestoneDoc(values["milestone"], values["on"], values["precision"] or Precision.DAY)
        return RevisionDoc(
            known_on=values["known_on"],
            source_url=values["source_url"],
            note=values["note"].strip(),
            milestones=(milestone,) if values["on"] else (),
            on_sunset=values["on_sunset"],
        )


class BulkEdits(admin.ModelAdmin):
    """Actions on the entries selected in the list."""

    actions = ("mark_verified", "mark_unverified", "change_together")

    @admin.action(description=_("Mark as verified"), permissions=["change"])
    def mark_verified(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        self._set_confidence(request, queryset, Confidence.HIGH)

    @admin.action(description=_("Mark as unverified"), permissions=["change"])
    def mark_unverified(self, request: HttpRequest, queryset: QuerySet[Entry]) -> None:
        self._set_confidence(request, queryset, Confidence.LOW)

    @admin.action(description=_("Change together…"), permissions=["change"])
    def change_together(self, request: HttpRequest, queryset: QuerySet[Entry]) -> HttpResponse | None:
        """Show the form, then the dry run, then apply it; each step is a POST of the same action."""
        if queryset.count() > MAX_ENTRIES:
            messages.error(request, gettext("At most %(count)s entries at a time") % {"count": MAX_ENTRIES})
            return None
        submitted = "show" in request.POST or "confirm" in request.POST
        form = BulkForm(request.POST if submitted else None)
        context: dict[str, Any] = {"form": form, "entries": queryset.select_related("platform")}
        if submitted and form.is_valid():
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

    def _set_confidence(self, request: HttpRequest, queryset: QuerySet[Entry], confidence: Confidence) -> None:
        keys = queryset.values_list("platform__slug", "name")
        given = frozenset({"confidence"})
        self._apply(
            request, Document(entries=[EntryDoc(*key, confidence=confidence, given=given) for key in keys])
        )

    def _apply(self, request: HttpRequest, document: Document) -> None:
        result = apply_document(document, now=clock.now(), origin="admin", by=request.user)
        if result.changed:
            enqueue_scan()
        count = result.entries_changed
        messages.success(
            request,
            ngettext("%(count)s entry changed", "%(count)s entries changed", count) % {"count": count},
        )
