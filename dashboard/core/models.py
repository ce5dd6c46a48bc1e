"""Records that every domain shares: who changed what, and what a background job last did."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["AuditAction", "AuditEntry", "Heartbeat"]


class AuditAction(models.TextChoices):
    """What happened to an object. The values are stored, the labels are shown in the reader's language."""

    ADDED = "added", _("added")
    CHANGED = "changed", _("changed")
    REMOVED = "removed", _("removed")


class AuditEntry(models.Model):
    """One edit by a person, a file or a feed: who, when, and the values before and after.

    Written once, never changed. `before` and `after` hold structured data by field name, never text made for
    people: `dashboard.core.audit.render_changes` turns them into text when they are shown.
    """

    at = models.DateTimeField(_("at"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+"
    )
    origin = models.CharField(_("origin"), max_length=80, help_text=_("admin, file, feed:NAME, rule or command"))
    model = models.CharField(_("model"), max_length=80, help_text=_("app_label.model of what changed"))
    object_id = models.CharField(_("object id"), max_length=40)
    label = models.CharField(_("label"), max_length=300)
    action = models.CharField(_("action"), max_length=20, choices=AuditAction)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-id"]
        # The history page of one object.
        indexes = [models.Index(fields=["model", "object_id", "-at"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.label}: {self.get_action_display()}"

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """(field, value before, value after) of each field that differs; None where there was no value."""
        fields = list(self.before) + [f for f in self.after if f not in self.before]
        return [
            (f, self.before.get(f), self.after.get(f)) for f in fields if self.before.get(f) != self.after.get(f)
        ]


class Heartbeat(models.Model):
    """When a part of the running system last showed life; `/readyz` and the footer read it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()
    detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name
