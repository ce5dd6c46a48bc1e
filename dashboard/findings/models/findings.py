"""Findings, their open periods, where their calls are served, and what people did to them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.models import Entry
from dashboard.core.fields import DayField
from dashboard.findings.choices import Action
from dashboard.findings.querysets import FindingQuerySet
from dashboard.usage.models import Application

__all__ = ["CallRegions", "Finding", "FindingAction", "OpenPeriod"]


class Finding(models.Model):
    """One application that calls one retiring entry. Its status on a day follows from open periods and actions."""

    application = models.ForeignKey(
        Application, models.CASCADE, verbose_name=_("application"), related_name="findings"
    )
    entry = models.ForeignKey(Entry, models.CASCADE, verbose_name=_("entry"), related_name="findings")
    created_at = models.DateTimeField(_("created at"))
    assignee = models.EmailField(
        _("assignee"), blank=True, help_text=_("Gets the mail instead of the application's owner")
    )
    first_seen = DayField(_("first seen"), help_text=_("Day of the first call ever seen"))
    last_seen = DayField(_("last seen"), help_text=_("Day of the newest call"))

    objects: ClassVar[FindingQuerySet] = FindingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        constraints = [models.UniqueConstraint(fields=["application", "entry"], name="finding_once")]

    def __str__(self) -> str:
        return f"{self.application} calls {self.entry}"

    def get_absolute_url(self) -> str:
        return reverse("finding", args=[self.pk])


class OpenPeriod(models.Model):
    """From the day a finding opened until it resolved because the calls stopped.

    Derived from traffic (`lifecycle.open_periods`); the periods of a finding are rewritten together. Every period
    after the first is a regression. On day D a finding is alive if a period has `opened_on <= D` and
    (`resolved_on` is null or `resolved_on > D`).
    """

    finding = models.ForeignKey(
        Finding, models.CASCADE, verbose_name=_("finding"), related_name="open_periods", db_index=False
    )
    number = models.PositiveSmallIntegerField(
        _("number"), help_text=_("0 is the first; later ones are regressions")
    )
    opened_on = DayField(_("opened on"))
    last_call_on = DayField(_("last call on"))
    resolved_on = DayField(_("resolved on"), null=True)
    next_opened_on = DayField(_("next opened on"), null=True, help_text=_("The day the next open period began"))

    class Meta:
        verbose_name = _("open period")
        verbose_name_plural = _("open periods")
        ordering = ["finding", "number"]
        constraints = [models.UniqueConstraint(fields=["finding", "number"], name="open_period_in_order")]
        indexes = [
            # The period that decides a finding's status on a day.
            models.Index(
                fields=["finding", "opened_on", "next_opened_on", "resolved_on"], name="open_period_on_day"
            ),
            # Unresolved periods whose last call is old: the scan looks at them again.
            models.Index(fields=["resolved_on", "last_call_on"], name="open_period_quiet"),
        ]

    def __str__(self) -> str:
        return f"{self.opened_on} to {self.resolved_on or 'now'}"


class CallRegions(models.Model):
    """Where a finding's calls are served, on the days from `from_on` up to, not including, `until_on`.

    `regions` are joined by commas: those in which the entry's end has a date of its own, and "" for all others.
    Derived from traffic (`lifecycle.region_periods`); the rows of a finding are rewritten together. Days without
    a row mean "".
    """

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="call_regions", db_index=False)
    from_on = DayField()
    until_on = DayField(null=True)
    regions = models.TextField()

    class Meta:
        ordering = ["finding", "from_on"]
        # The regions of a finding's calls on a day.
        constraints = [models.UniqueConstraint(fields=["finding", "from_on"], name="call_regions_once_per_day")]

    def __str__(self) -> str:
        return f"{self.regions or 'anywhere'} from {self.from_on}"


class FindingAction(models.Model):
    """What a person did to a finding. Rows are only added. `until` is the target day or the end of a snooze."""

    finding = models.ForeignKey(
        Finding, models.CASCADE, verbose_name=_("finding"), related_name="actions", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Action)
    on = DayField(_("on"), help_text=_("The day it counts from"))
    superseded_on = DayField(
        _("superseded on"), null=True, help_text=_("The day a newer status action replaced it")
    )
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, related_name="+"
    )
    note = models.TextField(_("note"), blank=True)
    until = DayField(_("until"), null=True)

    class Meta:
        verbose_name = _("finding action")
        verbose_name_plural = _("finding actions")
        ordering = ["at", "id"]
        # The status action in force on a day.
        indexes = [models.Index(fields=["finding", "on"], name="action_by_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.on}"
