"""People, and API tokens: who has one and when it was last used. `token create` makes them and shows them once."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from dashboard.access.models import ApiToken
from dashboard.admin.site import AuditedAdmin

admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Only superusers make superusers, and only they change or delete one, its password included."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, "is_superuser")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _may_touch(request, obj) and super().has_delete_permission(request, obj)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or bool(request.user.is_superuser)


@admin.register(ApiToken)
class ApiTokenAdmin(AuditedAdmin):
    list_display = ("name", "role", "created_at", "last_used_on")
    list_filter = ("role",)
    fields = readonly_fields = ("name", "role", "created_at", "last_used_on")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def audit_values(self, obj: ApiToken) -> dict[str, Any]:
        return {"name": obj.name, "role": obj.role}
