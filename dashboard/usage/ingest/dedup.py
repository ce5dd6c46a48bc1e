"""The ids of calls counted before, as 64-bit hashes per (source, hour).

Hashes are kept for one reading session, bounded; the database has them all, in segments appended by
every checkpoint. Segments of one source are written one after another (the source's row is locked), so
what other sessions added since is exactly the segments with a higher key.
"""

from datetime import UTC, date, datetime

from django.db.models import Max

from dashboard.core.fields import hour_number
from dashboard.usage.hash_set import HashSet, SortedHashes
from dashboard.usage.models import SeenIds

__all__ = ["KnownHashes", "NewHashes"]

KEPT = 500_000  # hashes in memory, 8 bytes each, or about 70 where they are asked for one by one
MANY = 64  # segments of one hour that are worth merging

NewHashes = dict[int, SortedHashes]  # by hour
NOTHING = HashSet()


class KnownHashes:
    """`of(hour)` answers what was counted in an hour; `store` appends a batch's own."""

    def __init__(self, source_id: int, today: date) -> None:
        self._source = source_id
        self._today = today
        self._hours: dict[int, HashSet] = {}
        self._kept = 0
        self._merge: dict[int, list[int]] = {}
        self._newest = 0
        self._stored: set[int] | None = None  # the hours that have segments: the others need no query

    def for_hour(self, hour: int) -> HashSet:
        """The hashes of that hour; not to be changed."""
        known = self._hours.get(hour)
        if known is None:
            if hour not in self._look():
                return NOTHING
            if self._kept > KEPT:
                self._hours.clear()
                self._kept = 0
            known = self._hours[hour] = self._load(hour)
            self._kept += len(known)
        return known

    def collides(self, new_hashes: NewHashes) -> bool:
        """Whether another session counted one of these since they were looked up. Asked under the lock."""
        stored = self._look()
        rows = self._mine().filter(pk__gt=self._newest).values_list("pk", "hour", "hashes")
        clash = False
        for pk, hour, hashes in rows.order_by("pk"):
            number = hour_number(hour)
            stored.add(number)
            self._hours.pop(number, None)
            clash = clash or (number in new_hashes and HashSet.from_bytes(hashes).overlaps(new_hashes[number]))
            self._newest = pk
        return clash

    def store(self, new_hashes: NewHashes) -> None:
        """Append these hashes, and put an hour's many small segments together. Inside the transaction."""
        rows = []
        for hour, hashes in new_hashes.items():
            segment = HashSet(hashes)
            if self._merge.pop(hour, None):
                segment = self._load(hour)
                segment.add(hashes)
                self._mine().filter(hour=_hour(hour)).delete()
            rows.append(
                SeenIds(source_id=self._source, hour=_hour(hour), hashes=segment.to_bytes(), added_on=self._today)
            )
        if rows:
            SeenIds.objects.bulk_create(rows, batch_size=500)
            self._newest = self._highest()

    def commit(self, new_hashes: NewHashes) -> None:
        """After commit, new ids count as stored."""
        for hour, hashes in new_hashes.items():
            if self._stored is not None:
                self._stored.add(hour)
            if hour in self._hours:
                self._hours[hour].add(hashes)
                self._kept += len(hashes)

    def forget(self) -> None:
        """Drop the caches: the transaction failed, or may have."""
        self._hours.clear()
        self._kept = 0
        self._merge.clear()
        self._stored = None

    def _look(self) -> set[int]:
        """The hours with segments. The newest key is read first: `collides` finds what is added after it."""
        if self._stored is None:
            self._newest = self._highest()
            self._stored = {hour_number(at) for at in self._mine().values_list("hour", flat=True).distinct()}
        return self._stored

    def _mine(self):
        return SeenIds.objects.filter(source_id=self._source)

    def _highest(self) -> int:
        return self._mine().aggregate(newest=Max("pk"))["newest"] or 0

    def _load(self, hour: int) -> HashSet:
        segments = list(self._mine().filter(hour=_hour(hour)).values_list("pk", "hashes"))
        if len(segments) >= MANY:
            self._merge[hour] = [pk for pk, _ in segments]
        return HashSet.from_bytes(*(hashes for _, hashes in segments))


def _hour(number: int) -> datetime:
    return datetime.fromtimestamp(number * 3600, UTC)
