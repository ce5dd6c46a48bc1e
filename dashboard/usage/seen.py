"""The ids of calls counted before, as 64-bit hashes per (source, hour).

Hashes are kept for one reading session, bounded; the database has them all, in segments appended by
every checkpoint. Segments of one source are written one after another (the source's row is locked), so
what other sessions added since is exactly the segments with a higher key.
"""

import sys
from array import array
from collections.abc import Iterable
from datetime import UTC, date, datetime

from django.db.models import Max

from dashboard.kit.fields import hour_number
from dashboard.usage.models import SeenIds

__all__ = ["SeenHashes"]

KEPT = 500_000  # hashes in memory, about 70 bytes each
MANY = 64  # segments of one hour that are worth merging

Fresh = dict[int, set[int]]


class SeenHashes:
    """`of(hour)` answers what was counted in an hour; `store` appends a batch's own."""

    def __init__(self, source_id: int, today: date) -> None:
        self._source = source_id
        self._today = today
        self._hours: dict[int, set[int]] = {}
        self._kept = 0
        self._merge: dict[int, list[int]] = {}
        self._newest = 0
        self._stored: set[int] | None = None  # the hours that have segments: the others need no query

    def of(self, hour: int) -> set[int]:
        known = self._hours.get(hour)
        if known is None:
            stored = self._look()
            if self._kept > KEPT:
                self._hours.clear()
                self._kept = 0
            known = self._hours[hour] = self._load(hour) if hour in stored else set()
            self._kept += len(known)
        return known

    def collides(self, fresh: Fresh) -> bool:
        """Whether another session counted one of these since they were looked up. Asked under the lock."""
        stored = self._look()
        rows = self._mine().filter(pk__gt=self._newest).values_list("pk", "hour", "hashes")
        clash = False
        for pk, hour, hashes in rows.order_by("pk"):
            number = hour_number(hour)
            added = unpack(hashes)
            stored.add(number)
            if number in self._hours:
                self._hours[number].update(added)
            clash = clash or not fresh.get(number, set()).isdisjoint(added)
            self._newest = pk
        return clash

    def store(self, fresh: Fresh) -> None:
        """Append these hashes, and put an hour's many small segments together. Inside the transaction."""
        rows = []
        for hour, hashes in fresh.items():
            if not hashes:
                continue
            segment: Iterable[int] = hashes
            if self._merge.pop(hour, None):
                segment = self._load(hour) | hashes
                self._mine().filter(hour=_hour(hour)).delete()
            rows.append(
                SeenIds(source_id=self._source, hour=_hour(hour), hashes=pack(segment), added_on=self._today)
            )
        if rows:
            SeenIds.objects.bulk_create(rows, batch_size=500)
            self._newest = self._highest()

    def commit(self, fresh: Fresh) -> None:
        """The transaction held: what was fresh is old now."""
        for hour, hashes in fresh.items():
            if not hashes:
                continue
            if self._stored is not None:
                self._stored.add(hour)
            if hour in self._hours:
                self._hours[hour] |= hashes
                self._kept += len(hashes)

    def forget(self) -> None:
        """The transaction did not hold, or is not known to have."""
        self._hours.clear()
        self._kept = 0
        self._merge.clear()
        self._stored = None

    def _look(self) -> set[int]:
        """The hours with segments. The newest key first: what is added after it is told by `collides`."""
        if self._stored is None:
            self._newest = self._highest()
            self._stored = {hour_number(at) for at in self._mine().values_list("hour", flat=True).distinct()}
        return self._stored

    def _mine(self):
        return SeenIds.objects.filter(source_id=self._source)

    def _highest(self) -> int:
        return self._mine().aggregate(newest=Max("pk"))["newest"] or 0

    def _load(self, hour: int) -> set[int]:
        segments = list(self._mine().filter(hour=_hour(hour)).values_list("pk", "hashes"))
        if len(segments) >= MANY:
            self._merge[hour] = [pk for pk, _ in segments]
        known: set[int] = set()
        for _, hashes in segments:
            known.update(unpack(hashes))
        return known


def pack(hashes: Iterable[int]) -> bytes:
    """Eight bytes each, little-endian on every machine."""
    packed = array("Q", hashes)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(hashes: bytes | memoryview) -> "array[int]":
    packed = array("Q", bytes(hashes))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed


def _hour(number: int) -> datetime:
    return datetime.fromtimestamp(number * 3600, UTC)
