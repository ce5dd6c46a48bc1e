"""Usage joined with the catalog: what each name means, the sums pages read, and findings with their life."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.catalog.models import Entry
from dashboard.core.fields import DayField
from dashboard.findings.choices import Action, Status
from dashboard.findings.querysets import FindingQuerySet
from dashboard.usage.models import Application, CalledName, Measures

__all__ = [
    "Action",
    "CallRegions",
    "EntryCaller",
    "EntryTraffic",
    "Finding",
    "FindingAction",
    "IgnoredName",
    "NameTraffic",
    "OpenPeriod",
    "Resolution",
    "ScannedEntry",
    "StalePair",
    "Status",
    "Traffic",
]


class Resolution(models.Model):
    """What a called name means on the days from `from_day` up to, not including, `to_day`.

    By the catalog version `catalog`. The rows of a name follow each other without a gap from the first day
    there is to the last; nearly every name has one. A further one begins where an alias moved.
    """

    name = models.ForeignKey(CalledName, models.CASCADE, related_name="resolutions", db_index=False)
    from_day = DayField(default=date.min)
    to_day = DayField(default=date.max)
    platform = models.CharField(max_length=60, help_text='As told or as the name says; "(unknown)"')
    model = models.CharField(max_length=300, help_text='The name without known wrappers; "(unknown)"')
    entry = models.ForeignKey(Entry, models.SET_NULL, null=True, related_name="+")
    how = models.CharField(max_length=20)
    region = models.CharField(max_length=40, blank=True, help_text='Where the name says it is served; "" untold')
    catalog = models.PositiveIntegerField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "from_day"], name="resolution_once_per_day")]
        # What did this name mean on this day? Asked for every rollup of a day whose sums are made anew, and
        # answered by the index alone.
        indexes = [
            models.Index(fields=["name", "from_day", "to_day", "entry", "region"], name="resolution_on_day")
        ]

    def __str__(self) -> str:
        return f"{self.platform}/{self.model} ({self.how})"


class IgnoredName(models.Model):
    """A name that somebody looked up and that shall not ask again, with the reason why.

    `called_as` and `platform` are as `Resolution` has them, exactly. Its calls stay counted, and stay
    uncatalogued: ignoring clears the list, it makes nothing safe.
    """

    platform = models.CharField(max_length=60, editable=False)
    called_as = models.CharField("name", max_length=300, editable=False)
    reason = models.CharField(max_length=300)
    on = DayField(editable=False, help_text="The day from which it counts")
    at = models.DateTimeField(editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["called_as", "platform"]
        constraints = [models.UniqueConstraint(fields=["called_as", "platform"], name="ignored_name_once")]

    def __str__(self) -> str:
        return f"{self.platform}/{self.called_as}"


class Traffic(Measures):
    """Sums per (day, application, entry): the table behind every chart. `entry` null is uncatalogued.

    Derived from daily rollups and brought in step a whole day at a time, so a rerun changes nothing.
    """

    day = DayField()
    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+", db_index=False)
    # Null rather than empty, so that adding the column touches no row of a table that may be large.
    regions = models.TextField(  # noqa: DJ001
        null=True, help_text="Where the names said they are served, joined by commas; null where none said it"
    )

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
            # An application's page; the last call of a finding.
            models.Index(fields=["application", "entry", "day", "calls"], name="traffic_application"),
            # Whose calls to these entries were not counted? (few, where gateways count)
            models.Index(
                fields=["entry", "day", "application"], condition=models.Q(calls=None), name="traffic_uncounted"
            ),
        ]


class EntryTraffic(Measures):
    """Sums per (day, entry): what lists and burn-downs read, however many applications call. Null: uncatalogued.

    Derived from `Traffic` and refilled with it, in the same transaction.
    """

    day = DayField()
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # Entries over time: a deadline's numbers, its burn-down, the list of models.
            models.UniqueConstraint(fields=["entry", "day"], name="entry_traffic_once"),
            models.UniqueConstraint(
                fields=["day"], condition=models.Q(entry=None), name="entry_traffic_uncatalogued_once"
            ),
        ]
        # What was called on these days? Also: empty a day before it is refilled.
        indexes = [models.Index(fields=["day", "entry", "calls"], name="entry_traffic_day")]

    def __str__(self) -> str:
        return f"{self.day} entry {self.entry_id}: {self.calls} calls"


class NameTraffic(models.Model):
    """Calls per (day, name as logged), whatever the name means: how much is uncatalogued. Null: not counted.

    Derived from daily rollups and refilled with `Traffic`, in the same transaction.
    """

    day = DayField()
    name = models.ForeignKey(CalledName, models.CASCADE, related_name="+", db_index=False)
    calls = models.BigIntegerField(null=True)

    class Meta:
        # Names over time; the first day of one.
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="name_traffic_once")]
        # Empty a day before it is refilled.
        indexes = [models.Index(fields=["day"], name="name_traffic_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name_id}: {self.calls} calls"


class EntryCaller(models.Model):
    """An (application, entry) with traffic: its first and last day, so that who calls what is known without sums.

    Between these days there may be any pause. Follows `Traffic` in the same transaction.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="+", db_index=False)
    first_on = DayField()
    last_on = DayField()

    class Meta:
        # Who calls this entry, or any?
        constraints = [models.UniqueConstraint(fields=["entry", "application"], name="entry_caller_once")]

    def __str__(self) -> str:
        return f"application {self.application_id} calls entry {self.entry_id}"


class StalePair(models.Model):
    """An (application, entry) whose findings must be looked at again: the to-do list of `scan`.

    Written in the transaction that changes its traffic, deleted in the one that rewrites its periods, so
    that nothing is forgotten however a scan ends.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "entry"], name="stale_pair_once")]

    def __str__(self) -> str:
        return f"application {self.application_id}, entry {self.entry_id}"


class ScannedEntry(models.Model):
    """What the last scan held about an entry; when that differs, everyone who calls it is looked at again."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="+")
    known_on = DayField(help_text="The day its sunset was first announced")
    quiet_days = models.PositiveSmallIntegerField()
    regions = models.TextField(blank=True, help_text="Where its end has a day of its own, joined by commas")

    def __str__(self) -> str:
        return f"entry {self.pk} since {self.known_on}"


class Finding(models.Model):
    """One application that calls one retiring entry. Its status on a day follows from periods and actions."""

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
    """One stretch of calling: from the day the finding opened until it resolved by itself.

    The machine's part of a finding's life, derived from traffic (`rules.periods`) and rewritten whole. A
    second period is a regression. On day D a finding is alive if a period has `opened_on <= D` and
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
            # The period that tells about a finding on a day.
            models.Index(
                fields=["finding", "opened_on", "next_opened_on", "resolved_on"], name="open_period_on_day"
            ),
            # Which open periods may have gone quiet?
            models.Index(fields=["resolved_on", "last_call_on"], name="open_period_quiet"),
        ]

    def __str__(self) -> str:
        return f"{self.opened_on} to {self.resolved_on or 'now'}"


class CallRegions(models.Model):
    """Where a finding's calls are served, on the days from `from_on` up to, not including, `until_on`.

    Only regions in which the entry's end has a day of its own are told apart, "" stands for all others; joined
    by commas. Derived from traffic (`rules.whereabouts`) and rewritten whole. On days without a row it is "".
    """

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="call_regions", db_index=False)
    from_on = DayField()
    until_on = DayField(null=True)
    regions = models.TextField()

    class Meta:
        ordering = ["finding", "from_on"]
        # Where are this finding's calls served on this day?
        constraints = [models.UniqueConstraint(fields=["finding", "from_on"], name="call_regions_once_per_day")]

    def __str__(self) -> str:
        return f"{self.regions or 'anywhere'} from {self.from_on}"


class FindingAction(models.Model):
    """What a person did to a finding. Append-only; `until` is the target day or the end of a snooze."""

    finding = models.ForeignKey(
        Finding, models.CASCADE, verbose_name=_("finding"), related_name="actions", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Action)
    on = DayField(_("on"), help_text=_("The day it counts from"))
    superseded_on = DayField(_("superseded on"), null=True, help_text=_("The day a newer decision took its place"))
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
        # What a person last decided about a finding, by a day.
        indexes = [models.Index(fields=["finding", "on"], name="action_by_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.on}"
