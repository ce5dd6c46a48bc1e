"""Usage joined with the catalog: what each name means, the sums pages read, and findings with their life."""

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.models import Entry
from dashboard.kit.fields import DayField
from dashboard.usage.models import Application, CalledName, Measures

__all__ = ["Action", "Finding", "FindingAction", "Resolution", "Spell", "Status", "Traffic"]


class Resolution(models.Model):
    """What a called name means by the catalog version `catalog`. One row per name, replaced on change."""

    name = models.OneToOneField(CalledName, models.CASCADE, primary_key=True, related_name="resolution")
    platform = models.CharField(max_length=60, help_text='As told or as the name says; "(unknown)"')
    model = models.CharField(max_length=300, help_text='The name without known wrappers; "(unknown)"')
    entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="+")
    how = models.CharField(max_length=20)
    catalog = models.PositiveIntegerField(db_index=True)


class Traffic(Measures):
    """Sums per (day, application, entry): the table behind every chart. `entry` null is uncatalogued.

    Derived from daily rollups and refilled a whole day at a time, so a rerun changes nothing.
    """

    day = DayField()
    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "application", "entry"], name="traffic_once"),
            models.UniqueConstraint(
                fields=["day", "application"],
                condition=models.Q(entry=None),
                name="traffic_uncatalogued_once",
            ),
        ]
        indexes = [
            # A deadline's burn-down: these entries over time, per application.
            models.Index(fields=["entry", "day", "application", "calls"], name="traffic_entry"),
            # An application's page.
            models.Index(fields=["application", "entry", "day", "calls"], name="traffic_application"),
        ]


class Status(models.TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SNOOZED = "snoozed", _("Snoozed")
    REGRESSED = "regressed", _("Regressed")
    EXEMPT = "exempt", _("Exempt")
    RESOLVED = "resolved", _("Resolved")


class Finding(models.Model):
    """One application that calls one retiring entry. Its status on a day follows from spells and actions."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="findings")
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="findings")
    created_at = models.DateTimeField()
    assignee = models.EmailField(blank=True, help_text="Gets the mail instead of the application's owner")
    first_seen = DayField(help_text="Day of the first call ever seen")
    last_seen = DayField(help_text="Day of the newest call")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "entry"], name="finding_once")]

    def __str__(self) -> str:
        return f"{self.application} calls {self.entry}"

    def get_absolute_url(self) -> str:
        return reverse("finding", args=[self.pk])


class Spell(models.Model):
    """One stretch of calling: from the day the finding opened until it resolved by itself.

    The machine's part of a finding's life, derived from traffic (`rules.spells`) and rewritten whole. A
    second spell is a regression. On day D a finding is alive if a spell has `opened_on <= D` and
    (`resolved_on` is null or `resolved_on > D`).
    """

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="spells")
    number = models.PositiveSmallIntegerField(help_text="0 is the first; later ones are regressions")
    opened_on = DayField()
    last_call_on = DayField()
    resolved_on = DayField(null=True)

    class Meta:
        ordering = ["finding", "number"]
        constraints = [models.UniqueConstraint(fields=["finding", "number"], name="spell_in_order")]
        indexes = [models.Index(fields=["opened_on", "resolved_on"], name="spell_alive")]


class Action(models.TextChoices):
    ACKNOWLEDGE = "acknowledge", _("acknowledged")
    SNOOZE = "snooze", _("snoozed")
    EXEMPT = "exempt", _("exempted")
    REOPEN = "reopen", _("reopened")
    ASSIGN = "assign", _("assigned")
    COMMENT = "comment", _("commented")


class FindingAction(models.Model):
    """What a person did to a finding. Append-only; `until` is the target day or the end of a snooze."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="actions")
    kind = models.CharField(max_length=12, choices=Action)
    on = DayField(help_text="The day it counts from")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    note = models.TextField(blank=True)
    until = DayField(null=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["finding", "on"], name="action_by_day")]
