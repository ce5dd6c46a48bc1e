"""What all admin pages share: Sundial's name, the audit log, and telling the worker about changes."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from dashboard.findings.soon import scan_soon
from dashboard.kit import audit, clock
from dashboard.kit.models import AuditEntry

__all__ = ["HTTPS", "AuditedAdmin", "ReadOnlyAdmin", "plain", "scan_soon"]

admin.site.site_header = admin.site.site_title = _("Sundial administration")
admin.site.index_title = _("Catalog, sources, applications and people")
admin.site.enable_nav_sidebar = False


HTTPS: dict[type[models.Field], dict[str, Any]] = {models.URLField: {"assume_scheme": "https"}}
"""Field overrides of every admin: an address typed without a scheme is an https one."""


def plain(obj: models.Model) -> dict[str, Any]:
    """An object's own columns as the audit log keeps them."""
    return {
        field.name: value if isinstance(value, str | int | bool | dict | None) else str(value)
        for field in obj._meta.concrete_fields
        if not field.primary_key
        for value in [field.value_from_object(obj)]
    }


class AuditedAdmin(admin.ModelAdmin):
    """Every change goes into the audit log, and the history page shows that log."""

    formfield_overrides = HTTPS
    object_history_template = "admin/audit_history.html"

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        before = plain(type(obj)._default_manager.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)
        self.record(request, obj, before, plain(obj))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, obj, self.remembered(obj), {})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for obj in queryset:
            self.record(request, obj, self.remembered(obj), {})
        super().delete_queryset(request, queryset)

    def remembered(self, obj: Any) -> dict[str, Any]:
        """What the audit log keeps of an object that goes."""
        return plain(obj)

    def record(self, request: HttpRequest, obj: Any, before: dict, after: dict) -> None:
        audit.record(obj, before=before, after=after, now=clock.now(), origin="admin", by=request.user)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, object_id)
        entries = audit.history(obj) if obj else []
        return super().history_view(request, object_id, {"audit": entries, **(extra_context or {})})


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

    @admin.display(description=_("fields"))
    def what(self, entry: AuditEntry) -> str:
        return ", ".join(name for name, _before, _after in entry.changes[:8])
