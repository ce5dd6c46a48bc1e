"""API tokens. Only a digest is stored; the token itself is shown once."""

import hashlib
import secrets
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

__all__ = ["ApiToken", "Role"]


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    INGEST = "ingest", _("Ingest")


class ApiToken(models.Model):
    name = models.CharField(_("name"), max_length=100, unique=True)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"))
    last_used_on = models.DateField(_("last used on"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def issue(cls, name: str, role: str, now: datetime) -> str:
        """Create a token and return its text, which cannot be read again."""
        text = f"sundial_{secrets.token_urlsafe(32)}"
        cls.objects.create(name=name, role=role, digest=cls.digest_of(text), created_at=now)
        return text

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()
