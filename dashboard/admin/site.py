"""What all admin pages share: Sundial's name, the audit log, and telling the worker about changes."""

from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.admin.versions import ListRowForm, VersionedForm
from dashboard.core import audit, clock
from dashboard.core.audit import FieldChange, render_changes
from dashboard.core.models import AuditAction, AuditEntry
from dashboard.findings.enqueue import enqueue_scan

__all__ = ["URL_FIELDS_HTTPS", "AuditedAdmin", "ReadOnlyAdmin", "column_values", "enqueue_scan"]

admin.site.site_header = admin.site.site_title = _("Sundial administration")
admin.site.index_title = _("Catalog, sources, applications and people")
admin.site.enable_nav_sidebar = False


URL_FIELDS_HTTPS: dict[type[models.Field], dict[str, Any]] = {models.URLField: {"assume_scheme": "https"}}
"""Field overrides of every admin: an address typed without a scheme is an https one."""


def column_values(obj: models.Model) -> dict[str, Any]:
    """An object's own columns as the audit log keeps them."""
    return {
        field.name: value if isinstance(value, str | int | bool | dict | None) else str(value)
        for field in obj._meta.concrete_fields
        if not field.primary_key
        for value in [field.value_from_object(obj)]
    }


class HistoryRow(NamedTuple):
    """One audit entry as the history page shows it: (change, whether it can be undone) per field."""

    entry: AuditEntry
    changes: list[tuple[FieldChange, bool]]


class AuditedAdmin(admin.ModelAdmin):
    """Every change goes into the audit log; the history page shows that log, and takes changes back."""

    formfield_overrides = URL_FIELDS_HTTPS
    object_history_template = "admin/audit_history.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of an object that exists refuses to save over a version that it did not show."""
        if self._is_versioned(request, obj):
            edited = [one for one in self.get_inline_instances(request, obj) if one.has_change_permission(request)]
            attributes = {"inline_models": tuple(inline.model for inline in edited)}
            kwargs["form"] = type("VersionedForm", (VersionedForm, kwargs.get("form", self.form)), attributes)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fields, and the hidden version among the first ones."""
        fieldsets = super().get_fieldsets(request, obj)
        return self.with_version(request, obj, fieldsets)

    def with_version(self, request: HttpRequest, obj: Any, fieldsets: Any) -> Any:
        """`fieldsets` with the hidden version of an object that may be changed."""
        if not self._is_versioned(request, obj):
            return fieldsets
        (title, options), *others = fieldsets
        fields = [name for name in options["fields"] if name != "version"]
        return [(title, {**options, "fields": [*fields, "version"]}), *others]

    def _is_versioned(self, request: HttpRequest, obj: Any) -> bool:
        return obj is not None and self.has_change_permission(request, obj)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": ListRowForm, **kwargs})

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        before = column_values(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        self.record(request, obj, before, column_values(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, obj, self.audit_values(obj), {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.record(request, obj, self.audit_values(obj), {})
        super().delete_queryset(request, queryset)

    def audit_values(self, obj: Any) -> dict[str, Any]:
        """What the audit log keeps of an object that goes."""
        return column_values(obj)

    def record(self, request: HttpRequest, obj: Any, before: dict, after: dict) -> None:
        audit.record(obj, before=before, after=after, now=clock.now(), origin="admin", by=request.user)

    def get_urls(self) -> list:
        info = self.opts.app_label, self.opts.model_name
        undo = self.admin_site.admin_view(self.undo_view)
        mine = path("<path:object_id>/history/undo/", undo, name="{}_{}_undo".format(*info))
        return [mine, *super().get_urls()]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log of one object; `?field=` leaves one field's history."""
        obj = self.get_object(request, object_id)
        entries = audit.history(obj) if obj else []
        wanted = request.GET.get("field", "")
        may = obj is not None and self.has_change_permission(request, obj)
        rows: list[HistoryRow] = []
        labels: dict[str, str] = {}
        for entry in entries:
            changes = render_changes(entry)
            labels |= {change.name: change.label for change in changes}
            chosen = [(c, may and self.can_undo(entry, c.name)) for c in changes if wanted in {"", c.name}]
            if chosen:
                rows.append(HistoryRow(entry, chosen))
        context = {"audit": rows, "field": wanted, "fields": sorted(labels.items())}
        return super().history_view(request, object_id, {**context, **(extra_context or {})})

    def undo_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take one field of one audit entry back (POST `change`, `field`), as a change of its own."""
        obj = self.get_object(request, unquote(object_id))
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if obj is None or not self.has_change_permission(request, obj):
            raise PermissionDenied
        number, name = request.POST.get("change", ""), request.POST.get("field", "")
        found = next((entry for entry in audit.history(obj) if str(entry.pk) == number), None)
        if not found or not self.can_undo(found, name):
            raise PermissionDenied
        with transaction.atomic():
            problems = self.undo(request, obj, found, name)
        for problem in problems:
            messages.error(request, problem)
        if not problems:
            label = _label(found, name)
            messages.success(request, gettext("%(field)s is as it was before that change") % {"field": label})
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_history", object_id)

    def can_undo(self, change: AuditEntry, name: str) -> bool:
        """Whether a field of a change can be taken back; some only follow from others."""
        return change.action == AuditAction.CHANGED and any(
            name == field for field, _before, _after in change.changes
        )

    def undo(self, request: HttpRequest, obj: Any, change: AuditEntry, name: str) -> list[str]:
        """Put the earlier value into the object's own form, so that the usual rules judge it; what they refuse."""
        if column_values(obj).get(name) != change.after.get(name):
            label = _label(change, name)
            return [gettext("%(field)s was changed again since: undo that change first") % {"field": label}]
        form_class = self.get_form(request, obj, change=True)
        shown = form_class(instance=obj)
        if name not in shown.fields:
            return [gettext("%(field)s cannot be changed any more") % {"field": _label(change, name)}]
        data = {field: shown[field].value() for field in shown.fields}
        data[name] = shown.fields[name].prepare_value(change.before.get(name))
        form = form_class({key: "" if value is None else value for key, value in data.items()}, instance=obj)
        if not form.is_valid():
            return [str(message) for found in form.errors.values() for message in found]
        self.save_model(request, form.save(commit=False), form, change=True)
        return []


def _label(entry: AuditEntry, name: str) -> str:
    """A field of an audit entry in the reader's language."""
    changes = render_changes(entry)
    return next((change.label for change in changes if change.name == name), name)


class ReadOnlyAdmin(admin.ModelAdmin):
    """For what only the machine writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "by", "origin", "label", "action", "what")
    list_filter = ("action", "model", "origin")
    search_fields = ("label",)
    list_select_related = ("by",)
    list_per_page = 50
    show_full_result_count = False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry:  # of a time when secrets were stored as they came
            entry.before, entry.after = audit.masked(entry.before), audit.masked(entry.after)
        return entry

    @admin.display(description=_("fields"))
    def what(self, entry: AuditEntry) -> str:
        return ", ".join(change.label for change in render_changes(entry)[:8])
