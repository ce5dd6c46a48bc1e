"""Findings, read-mostly: people act on them on their own pages, where each action has its history."""

from django.contrib import admin
from django.http import HttpRequest

from dashboard.admin.site import ReadOnlyAdmin
from dashboard.findings.models import Finding, FindingAction, OpenPeriod


class OpenPeriodInline(admin.TabularInline):
    model = OpenPeriod
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "opened_on", "last_call_on", "resolved_on")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ActionInline(admin.TabularInline):
    model = FindingAction
    extra = 0
    can_delete = False
    fields = readonly_fields = ("kind", "on", "by", "until", "note")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ("application", "entry", "assignee", "first_seen", "last_seen")
    list_filter = ("entry__platform",)
    list_select_related = ("application", "entry__platform")
    list_per_page = 50
    search_fields = ("application__name", "application__team", "entry__name", "assignee")
    inlines = (OpenPeriodInline, ActionInline)
    ordering = ("-last_seen", "-id")
