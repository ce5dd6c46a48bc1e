"""API tokens: who has one and when it was last used. They are made by `token create`, which shows them once."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from dashboard.access.models import ApiToken
from dashboard.admin.site import AuditedAdmin


@admin.register(ApiToken)
class ApiTokenAdmin(AuditedAdmin):
    list_display = ("name", "role", "created_at", "last_used_on")
    list_filter = ("role",)
    fields = readonly_fields = ("name", "role", "created_at", "last_used_on")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def audit_values(self, obj: ApiToken) -> dict[str, Any]:
        return {"name": obj.name, "role": obj.role}
