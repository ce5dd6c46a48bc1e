"""Calls and objects that were counted before, so that none is counted twice."""

from django.db import models

from dashboard.core.fields import DayField, HourField
from dashboard.usage.models.sources import Source

__all__ = ["ListingCursor", "SeenIds", "SeenObjects"]


class SeenIds(models.Model):
    """64-bit hashes of the ids of calls counted in one hour of one source, to recognise repeated calls.

    A segment is appended with each checkpoint, in its transaction; segments of an hour are merged when
    they become many.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    hour = HourField()
    hashes = models.BinaryField()
    added_on = DayField(help_text="Day on which they were read")

    class Meta:
        indexes = [
            models.Index(fields=["source", "hour"], name="seen_ids_hour"),
            # Segments old enough to delete (retention).
            models.Index(fields=["added_on"], name="seen_ids_added"),
        ]

    def __str__(self) -> str:
        return f"{len(self.hashes) // 8} ids of {self.hour:%Y-%m-%d %H:00}"


class ListingCursor(models.Model):
    """How far the objects under one prefix of a bucket are listed, in the order of their keys.

    There are two per prefix: one lists what is dated recently (`is_recent`), the other everything. A listing under
    way continues after the key `after_key`, "" when none is. It has passed `listed` objects, of `total` that there
    were when it started (None: not counted).
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    prefix = models.CharField(max_length=1000, blank=True)
    is_recent = models.BooleanField(default=False)
    after_key = models.CharField(max_length=1100, blank=True)
    since = DayField(null=True, help_text="First day of the listing under way, or of the last full one")
    listed = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    failures = models.BigIntegerField(default=0, help_text="Objects that this listing could not read")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True, help_text="When a listing from `since` or before last ended")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "prefix", "is_recent"], name="listing_cursor_once")
        ]

    def __str__(self) -> str:
        return f"{'recent' if self.is_recent else 'full'} listing of {self.prefix or '(all)'}"


class SeenObjects(models.Model):
    """64-bit hashes of the objects (key, ETag and size) of one folder that were read.

    A segment is appended in the transaction that counts the objects' calls; small ones are merged when
    they become many.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    folder = models.CharField(max_length=32, help_text="Hash of the folder's name")
    hashes = models.BinaryField()

    class Meta:
        # Which objects of these folders were read? Queried for every page of a listing.
        indexes = [models.Index(fields=["source", "folder"], name="seen_objects_folder")]

    def __str__(self) -> str:
        return f"{len(self.hashes) // 8} objects of {self.folder}"
