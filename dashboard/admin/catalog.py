"""The admin of the catalog: an entry with its lifecycle, aliases and history on one page."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.admin.catalog_bulk import BulkEdits
from dashboard.admin.catalog_files import CatalogFiles
from dashboard.admin.catalog_form import KINDS, EntryForm, state_of
from dashboard.admin.site import URL_FIELDS_HTTPS, AuditedAdmin, enqueue_scan
from dashboard.catalog import snapshot
from dashboard.catalog.changes import undo
from dashboard.catalog.changes.apply import append_revision
from dashboard.catalog.changes.audit_fields import audit_values
from dashboard.catalog.changes.merge import periods_overlap
from dashboard.catalog.documents import AliasDoc, CatalogError
from dashboard.catalog.models import Alias, Entry, Milestone, Platform, Revision, Vendor
from dashboard.core import clock
from dashboard.core.models import AuditEntry
from dashboard.findings.models import Finding, Traffic

STAGES = [
    ("active", _("Active")),
    ("legacy", _("Legacy")),
    ("deprecated", _("Deprecated")),
    ("retired", _("Retired")),
]


class StageFilter(admin.SimpleListFilter):
    title = _("stage")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list:
        return STAGES

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if not self.value():
            return None
        entries = snapshot.load(clock.today()).entries.values()
        return queryset.filter(pk__in=[entry.pk for entry in entries if entry.stage == self.value()])


class SunsetFilter(admin.SimpleListFilter):
    title = _("sunset within")
    parameter_name = "within"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list:
        return [(str(days), _("%(days)s days") % {"days": days}) for days in (30, 90, 180, 365)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet | None:
        if not (self.value() or "").isdigit():
            return None
        today = clock.today()
        until = today + timedelta(days=min(int(self.value() or 0), 3650))
        entries = snapshot.load(today).retiring.values()
        return queryset.filter(pk__in=[e.pk for e in entries if e.sunset_on and today <= e.sunset_on <= until])


class EntryList(ChangeList):
    """Adds `state` to each row from one snapshot, without a query per row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        entries = snapshot.load(clock.today()).entries
        for row in self.result_list:
            row.state = entries.get(row.pk)


class AliasFormSet(BaseInlineFormSet):
    """Refuses overlapping periods of one name among the forms; the model checks against stored aliases."""

    def clean(self) -> None:
        super().clean()
        seen: list[AliasDoc] = []
        for form in self.forms:
            cleaned = getattr(form, "cleaned_data", {})
            if not cleaned.get("name") or cleaned.get("DELETE"):
                continue
            alias = AliasDoc(cleaned["name"], cleaned.get("from_on"), cleaned.get("to_on"))
            if any(alias.name == other.name and periods_overlap(alias, other) for other in seen):
                raise ValidationError(gettext("%(name)s is listed twice for the same days") % {"name": alias.name})
            seen.append(alias)


class AliasInline(admin.TabularInline):
    model = Alias
    formset = AliasFormSet
    formfield_overrides = URL_FIELDS_HTTPS
    extra = 0
    fields = ("name", "from_on", "to_on", "source_url", "note")


def _milestone_text(step: Milestone) -> str:
    precision = "" if step.precision == "day" else f" ({step.get_precision_display()})"
    return f"{step} {step.region}".strip() + precision


class RevisionInline(admin.TabularInline):
    """The recorded revisions, read-only."""

    model = Revision
    formfield_overrides = URL_FIELDS_HTTPS
    extra = 0
    can_delete = False
    verbose_name_plural = _("history")
    fields = readonly_fields = ("known_on", "statement", "advice", "where", "note", "who")
    ordering = ("-known_on", "-id")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        revisions = super().get_queryset(request).select_related("by", "entry__platform")
        return revisions.prefetch_related("milestones", "replacements__entry__platform")

    @admin.display(description=_("dates"))
    def statement(self, revision: Revision) -> str:
        lines = ((_milestone_text(step),) for step in revision.milestones.all())
        return format_html_join("\n", "<div>{}</div>", lines)

    @admin.display(description=_("on sunset, replacements"))
    def advice(self, revision: Revision) -> str:
        parts = [revision.get_on_sunset_display()] if revision.on_sunset else []
        if revision.sets_replacements:
            names = [str(replacement.entry) for replacement in revision.replacements.all()]
            parts.append("→ " + (", ".join(names) or gettext("none")))
        return "; ".join(parts)

    @admin.display(description=_("source"))
    def where(self, revision: Revision) -> str:
        copy = f" ({revision.source_day})" if revision.source_day else ""
        return format_html(
            '<a href="{}" rel="noreferrer">{}</a>{}', revision.source_url, revision.source_url, copy
        )

    @admin.display(description=_("recorded"))
    def who(self, revision: Revision) -> str:
        return f"{revision.by or revision.origin}, {revision.recorded_at:%Y-%m-%d}"


@admin.register(Entry)
class EntryAdmin(CatalogFiles, BulkEdits, AuditedAdmin):
    form = EntryForm
    inlines = (AliasInline, RevisionInline)
    list_display = ("name", "platform", "kind", "stage", "sunset", "days_left", "verified")
    list_filter = ("platform", "kind", StageFilter, SunsetFilter, "confidence")
    list_select_related = ("platform",)
    list_per_page = 50
    search_fields = ("name", "aliases__name", "platform__slug", "platform__name", "vendor__name")
    search_help_text = _("Id, alias, platform or vendor")
    fieldsets = (
        (None, {"fields": (("platform", "name"), ("vendor", "kind"), ("released_on", "confidence"), "note")}),
        (
            _("Lifecycle as known today"),
            {
                "fields": (
                    *((f"{kind.value}_on", f"{kind.value}_precision") for kind in KINDS),
                    "regions",
                    "on_sunset",
                    "replacements",
                    "accept_warnings",
                ),
            },
        ),
        (
            _("Source of the changes"),
            {"fields": ("source_url", "known_on", "revision_note", "seen")},
        ),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EntryList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without permission to change, the lifecycle is shown by the history only, not by form fields."""
        shown = self.fieldsets if self.has_change_permission(request, obj) or obj is None else self.fieldsets[:1]
        return self.with_version(request, obj, shown)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        # The lifecycle fields are added by the form, so the factory must not look for them on the model.
        return super().get_form(request, obj, change, **{**kwargs, "fields": EntryForm.Meta.fields})

    @admin.display(description=_("stage"))
    def stage(self, entry: Any) -> str:
        return str(dict(STAGES)[entry.state.stage]) if entry.state else ""

    @admin.display(description=_("sunset"))
    def sunset(self, entry: Any) -> Any:
        return entry.state.sunset_on if entry.state else None

    @admin.display(description=_("days left"))
    def days_left(self, entry: Any) -> Any:
        return entry.state.days_left if entry.state else None

    @admin.display(description=_("verified"), boolean=True)
    def verified(self, entry: Any) -> bool:
        return entry.confidence != "low"

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        form.before = self.audit_values(obj) if change else {}  # type: ignore[attr-defined]
        admin.ModelAdmin.save_model(self, request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save aliases, then record the audit entry of the fields, then append the revision with its own."""
        super().save_related(request, form, formsets, change)
        snapshot.bump(clock.now())
        self.record(request, form.instance, form.before, self.audit_values(form.instance))
        if revision := form.cleaned_data.get("revision"):
            append_revision(
                form.instance, revision, now=clock.now(), origin="admin", by=request.user, accept_warnings=True
            )
        enqueue_scan()

    def audit_values(self, obj: Any) -> dict[str, Any]:
        stored = Entry.objects.select_related("platform").get(pk=obj.pk)
        record, _state = state_of(stored)
        return audit_values(record) if record else {}

    def can_undo(self, change: AuditEntry, name: str) -> bool:
        return undo.can_undo(change, name)

    def undo(self, request: HttpRequest, obj: Any, change: AuditEntry, name: str) -> list[str]:
        try:
            undo.undo(obj, change, [name], now=clock.now(), today=clock.today(), by=request.user)
        except CatalogError as problem:
            return [str(item.message) for item in problem.problems]
        enqueue_scan()
        return []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        snapshot.bump(clock.now())
        enqueue_scan()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        snapshot.bump(clock.now())
        enqueue_scan()

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Protect an entry that is called: deleting it would delete its calls and findings."""
        to_delete, counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        # History and aliases are deleted with the entry and need no permission of their own.
        perms_needed = {name for name in perms_needed if name == Entry._meta.verbose_name}
        called = Traffic.objects.filter(entry__in=objs).values_list("entry_id", flat=True).distinct()
        with_findings = Finding.objects.filter(entry__in=objs).values_list("entry_id", flat=True).distinct()
        used = {*called, *with_findings}
        protected = [
            *protected,
            *(gettext("Calls of applications to %(entry)s") % {"entry": obj} for obj in objs if obj.pk in used),
        ]
        if protected and request.method == "POST":
            messages.error(request, gettext("Not deleted: applications call it, or another entry names it"))
        return to_delete, counts, perms_needed, protected


@admin.register(Platform)
class PlatformAdmin(AuditedAdmin):
    list_display = ("name", "slug", "url", "case_sensitive")
    search_fields = ("name", "slug")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        snapshot.bump(clock.now())
        enqueue_scan()


@admin.register(Vendor)
class VendorAdmin(AuditedAdmin):
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
