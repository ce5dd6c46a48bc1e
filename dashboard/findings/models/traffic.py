"""Sums derived from daily rollups: per application and entry, per entry, per name, and who calls what."""

from django.db import models

from dashboard.catalog.models import Entry
from dashboard.core.fields import DayField
from dashboard.usage.models import Application, CalledName, Measures

__all__ = ["EntryCaller", "EntryTraffic", "NameTraffic", "Traffic"]


class Traffic(Measures):
    """Sums per (day, application, entry): the table behind every chart. `entry` null is uncatalogued.

    Derived from daily rollups and refilled a whole day at a time, so a rerun changes nothing.
    """

    day = DayField()
    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+", db_index=False)
    is_call = models.BooleanField(help_text="Counts as a day with calls: see traffic.daily.IS_CALL")
    # Null rather than empty, so that adding the column touches no row of a table that may be large.
    regions = models.TextField(  # noqa: DJ001
        null=True, help_text="Regions stated by the names, joined by commas; null if none"
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
            # A deadline's burn-down: these entries by day and application.
            models.Index(fields=["entry", "day", "application", "calls"], name="traffic_entry"),
            # An application's page; the last call of a finding.
            models.Index(fields=["application", "entry", "day", "is_call", "calls"], name="traffic_application"),
            # Applications with uncounted calls to these entries (few, where gateways count).
            models.Index(
                fields=["entry", "day", "application"], condition=models.Q(calls=None), name="traffic_uncounted"
            ),
        ]


class EntryTraffic(Measures):
    """Sums per (day, entry) for lists and burn-downs. `entry` null is uncatalogued.

    Derived from `Traffic` and refilled with it, in the same transaction.
    """

    day = DayField()
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # Entries by day: a deadline's numbers, its burn-down, the list of models.
            models.UniqueConstraint(fields=["entry", "day"], name="entry_traffic_once"),
            models.UniqueConstraint(
                fields=["day"], condition=models.Q(entry=None), name="entry_traffic_uncatalogued_once"
            ),
        ]
        # All entries called on some days; deleting a day before it is refilled.
        indexes = [models.Index(fields=["day", "entry", "calls"], name="entry_traffic_day")]

    def __str__(self) -> str:
        return f"{self.day} entry {self.entry_id}: {self.calls} calls"


class NameTraffic(models.Model):
    """Calls per (day, name as logged), whatever the name means. `calls` null is not counted.

    Derived from daily rollups and refilled with `Traffic`, in the same transaction.
    """

    day = DayField()
    name = models.ForeignKey(CalledName, models.CASCADE, related_name="+", db_index=False)
    calls = models.BigIntegerField(null=True)

    class Meta:
        # Names by day; the first day of a name.
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="name_traffic_once")]
        # Deleting a day before it is refilled.
        indexes = [models.Index(fields=["day"], name="name_traffic_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name_id}: {self.calls} calls"


class EntryCaller(models.Model):
    """An (application, entry) with calls, and the first and the last day with a call. There may be gaps between.

    Derived from `Traffic` and updated with it, in the same transaction.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="+", db_index=False)
    first_on = DayField()
    last_on = DayField()

    class Meta:
        # The applications that call an entry.
        constraints = [models.UniqueConstraint(fields=["entry", "application"], name="entry_caller_once")]

    def __str__(self) -> str:
        return f"application {self.application_id} calls entry {self.entry_id}"
