"""Records that every domain shares: who changed what, and what a background job last did."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["AuditEntry", "Heartbeat"]


class AuditEntry(models.Model):
    """One edit by a person, a file or a feed: who, when, before, after. Written once, never changed."""

    at = models.DateTimeField(_("at"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+"
    )
    origin = models.CharField(_("origin"), max_length=80, help_text=_("admin, file, feed:NAME, rule or command"))
    model = models.CharField(_("model"), max_length=80, help_text=_("app_label.model of what changed"))
    object_id = models.CharField(_("object id"), max_length=40)
    label = models.CharField(_("label"), max_length=300)
    action = models.CharField(_("action"), max_length=20, help_text=_("added, changed or removed"))
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-id"]
        # The history page of one object.
        indexes = [models.Index(fields=["model", "object_id", "-at"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.label}: {self.action}"

    @property
    def changes(self) -> list[tuple[str, object, object]]:
        """(field, before, after) of each field that differs."""
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
