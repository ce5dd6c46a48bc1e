"""What the scan still has to do, and what it knew when it last ran."""

from django.db import models

from dashboard.catalog.models import Entry
from dashboard.core.fields import DayField
from dashboard.usage.models import Application

__all__ = ["ScannedEntry", "StalePair"]


class StalePair(models.Model):
    """An (application, entry) whose finding has to be evaluated again by the scan.

    Written in the transaction that changes its traffic, deleted in the one that rewrites its open periods, so
    that an interrupted scan loses nothing.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="+", db_index=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "entry"], name="stale_pair_once")]

    def __str__(self) -> str:
        return f"application {self.application_id}, entry {self.entry_id}"


class ScannedEntry(models.Model):
    """What the last scan knew about an entry; if that differs now, all its callers are evaluated again."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="+")
    known_on = DayField(help_text="The day its sunset was first announced")
    quiet_days = models.PositiveSmallIntegerField()
    regions = models.TextField(blank=True, help_text="Regions with an end date of their own, joined by commas")

    def __str__(self) -> str:
        return f"entry {self.pk} since {self.known_on}"
