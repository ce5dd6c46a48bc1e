"""What calls add up to, per hour and per day."""

from datetime import UTC, datetime

from django.db import models

from dashboard.core.fields import DayField, HourField, MessageField, NameField
from dashboard.usage.models.callers import CalledName, Identity
from dashboard.usage.models.sources import Source

__all__ = ["AggregateRow", "DailyRollup", "HourlyRollup", "LatestCall", "Measures", "SourceDay", "StaleDay"]


class Measures(models.Model):
    """The measures of a rollup; null where the source does not report one."""

    calls = models.BigIntegerField(null=True)
    errors = models.BigIntegerField(null=True)
    gone = models.BigIntegerField(null=True)
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cost_nano = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class HourlyRollup(Measures):
    """Sums per (hour UTC, source, identity, name)."""

    hour = HourField()
    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # The merge's conflict target; hour first, so that reports over days and pruning use it too.
            models.UniqueConstraint(fields=["hour", "source", "identity", "name"], name="hourly_once")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} {self.name_id} by {self.identity_id}: {self.calls} calls"


class DailyRollup(Measures):
    """Sums per (day UTC, source, identity, name); kept for ever."""

    day = DayField()
    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "source", "identity", "name"], name="daily_once")]
        indexes = [
            # Which days did this source report? (health, quiet days)
            models.Index(fields=["source", "day"], name="daily_source_day"),
            # Who calls this name, and when? (re-resolution, uncatalogued names)
            models.Index(fields=["name", "day"], name="daily_name_day"),
            # What does this identity call? (re-attribution)
            models.Index(fields=["identity", "day"], name="daily_identity_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name_id} by {self.identity_id}: {self.calls} calls"


class LatestCall(models.Model):
    """The latest call of a name by an identity: when it was and where its record is, never its content.

    `request_id` is empty where the log has none. `seconds` is 0 for a single call, or the width of the bucket
    that began `at`, where a source reports sums only.
    """

    identity = models.ForeignKey(Identity, models.CASCADE, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.CASCADE, related_name="+")
    at = models.BigIntegerField(help_text="Seconds since 1970")
    seconds = models.PositiveIntegerField(default=0)
    path = MessageField(max_length=1000, blank=True)
    line = models.BigIntegerField(default=0, help_text="From 1; 0 where it is not known")
    request_id = NameField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "name"], name="latest_call_once")]

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M:%S}"

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


class AggregateRow(Measures):
    """The newest value that an aggregated source reported for one key in one bucket.

    A bucket reported again replaces its value, and the rollups move by the difference. `key` is a hash of
    everything that distinguishes the source's rows. `seconds` is the bucket's width. 0 marks a running
    total instead: a counter as of the hour `start`, of which only the increase counts. Rows are deleted
    once both their bucket and the day on which they were reported are old (`usage.retention`).
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=32)
    start = models.DateTimeField()
    seconds = models.PositiveIntegerField()
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+")
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+")
    reported_on = DayField(null=True, help_text="Day on which it was last reported")

    class Meta:
        # The key first: a report is compared by its keys, over the days that it covers.
        constraints = [models.UniqueConstraint(fields=["source", "key", "start"], name="aggregate_once")]
        # Rows old enough to delete (retention).
        indexes = [models.Index(fields=["source", "start"], name="aggregate_start")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.name_id} by {self.identity_id}: {self.calls} calls"


class SourceDay(models.Model):
    """Sums per (source, day), so that pages need not read the rollups. Stale days are read from the rollups.

    A day is replaced as a whole, together with the sums of `findings.traffic`, in one transaction.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    day = DayField()
    calls = models.BigIntegerField(null=True)
    input_tokens = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="source_day_once")]
        # Empty a day before it is refilled.
        indexes = [models.Index(fields=["day"], name="source_day_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.source_id}: {self.calls} calls"


class StaleDay(models.Model):
    """A day whose rollups changed and whose sums above them (`findings.Traffic`) must follow.

    Written in the transaction that changes the rollups. One row per change, not per day: the reader
    deletes exactly the rows it read, so a concurrent change is never lost.
    """

    day = DayField(db_index=True)

    def __str__(self) -> str:
        return str(self.day)
