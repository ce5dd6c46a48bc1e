"""Callers, and the model names in their calls."""

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.core.fields import DayField, NameField
from dashboard.usage.models.sources import Source

__all__ = ["Application", "ApplicationRule", "CalledName", "Identity"]


class Application(models.Model):
    """An application that calls models. Created by a user, or automatically from the consumer named in a log."""

    slug = models.SlugField(_("slug"), max_length=100, unique=True)
    name = models.CharField(_("name"), max_length=200)
    team = models.CharField(_("team"), max_length=200, blank=True)
    owner = models.EmailField(
        _("owner address"), blank=True, help_text=_("Who gets the mail; empty: the fallback address")
    )
    criticality = models.PositiveSmallIntegerField(
        _("criticality"), choices=[(1, _("Critical")), (2, _("High")), (3, _("Normal")), (4, _("Low"))], default=3
    )
    internal = models.BooleanField(
        _("internal"), default=False, editable=False, help_text=_("A gateway's own calls")
    )

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("application", args=[self.slug])


class ApplicationRule(models.Model):
    """Attributes identities whose field matches a pattern to an application; the first match wins."""

    class Field(models.TextChoices):
        CONSUMER = "consumer", _("Consumer (the best name the log has)")
        TEAM = "team", _("Team")
        KEY_ALIAS = "key_alias", _("Key alias")
        TAG = "tag", _("Tag")
        SERVICE = "service", _("Service name")
        USER_AGENT = "user_agent", _("User agent")

    position = models.PositiveIntegerField(
        _("position"), default=100, help_text=_("Lower numbers are tried first")
    )
    field = models.CharField(_("field"), max_length=20, choices=Field, default=Field.TEAM)
    pattern = models.CharField(_("pattern"), max_length=200, help_text=_("With * and ?; case does not matter"))
    application = models.ForeignKey(
        Application, models.CASCADE, verbose_name=_("application"), related_name="rules"
    )

    class Meta:
        verbose_name = _("application rule")
        verbose_name_plural = _("application rules")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.get_field_display()} {self.pattern} → {self.application}"


class Identity(models.Model):
    """A caller as logged: the raw columns that application rules match.

    `digest` makes a combination unique; `application` follows from the rules and can be recomputed.
    """

    digest = models.CharField(max_length=32, unique=True)
    consumer = NameField(max_length=200, help_text="The best name the log has")
    team = NameField(max_length=200, blank=True)
    key_alias = NameField(max_length=200, blank=True)
    tags = NameField(max_length=500, blank=True, help_text="Joined by commas, sorted")
    service = NameField(max_length=200, blank=True)
    user_agent = NameField(max_length=200, blank=True)
    internal = models.BooleanField(default=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="identities")
    origin = models.ForeignKey(Source, models.SET_NULL, null=True, related_name="+", db_index=False)
    origin_day = DayField(help_text="Day of the first record that named it")

    class Meta:
        verbose_name_plural = "identities"
        # The number of identities that a source added on a day, which is limited.
        indexes = [models.Index(fields=["origin", "origin_day"], name="identity_origin")]

    def __str__(self) -> str:
        return self.consumer


class CalledName(models.Model):
    """A distinct (source, platform, name as called, endpoint). `platform` "" is unknown.

    Per source, because the source's deployment map is applied first.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="names", db_index=False)
    platform = NameField(max_length=60, blank=True)
    called_as = NameField(max_length=300, help_text='Exactly as logged; "" when the log names none')
    endpoint = NameField(max_length=100, blank=True)
    origin_day = DayField(help_text="Day of the first record that used it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "called_as", "platform", "endpoint"], name="called_name_once"
            )
        ]
        # The number of names on a day, which is limited.
        indexes = [models.Index(fields=["source", "origin_day"], name="called_name_origin")]

    def __str__(self) -> str:
        return self.called_as or "(unknown)"
