"""The ids of calls counted before, as 64-bit hashes per (source, hour).

Hashes are kept for one reading session, bounded; the database has them all, in segments appended by
every checkpoint. Segments of one source are written one after another (the source's row is locked), so
what other sessions added since is exactly the segments with a higher key.
"""

from datetime import UTC, datetime

from django.db.models import Max

from dashboard.usage.models import SeenIds

__all__ = ["SeenHashes"]

KEPT = 1_000_000  # hashes in memory, about 80 bytes each
WIDTH = 8
MANY = 64  # segments of one hour that are worth merging


class SeenHashes:
    """`of(hour)` answers what was counted in an hour; `store` appends a batch's own."""

    def __init__(self, source_id: int) -> None:
        self._source = source_id
        self._hours: dict[int, set[bytes]] = {}
        self._merge: dict[int, list[int]] = {}
        self._newest: int | None = None

    def of(self, hour: int) -> set[bytes]:
        known = self._hours.get(hour)
        if known is None:
            if self._newest is None:
                self._newest = self._highest()
            if sum(map(len, self._hours.values())) > KEPT:
                self._hours.clear()
            known = self._hours[hour] = self._load(hour)
        return known

    def collides(self, fresh: dict[int, set[bytes]]) -> bool:
        """Whether another session counted one of these since they were looked up. Asked under the lock."""
        rows = self._mine().filter(pk__gt=self._newest or 0).values_list("pk", "hour", "hashes")
        clash = False
        for pk, hour, hashes in rows.order_by("pk"):
            number = int(hour.timestamp()) // 3600
            added = set(_unpack(hashes))
            if number in self._hours:
                self._hours[number] |= added
            clash = clash or not added.isdisjoint(fresh.get(number, ()))
            self._newest = pk
        return clash

    def store(self, fresh: dict[int, set[bytes]]) -> None:
        """Append these hashes, and put an hour's many small segments together. Inside the transaction."""
        rows = []
        for hour, hashes in fresh.items():
            if not hashes:
                continue
            if self._merge.pop(hour, None):
                hashes = self._load(hour) | hashes
                self._mine().filter(hour=hour).delete()
            rows.append(SeenIds(source_id=self._source, hour=_hour(hour), hashes=_pack(hashes)))
        SeenIds.objects.bulk_create(rows, batch_size=500)
        self._newest = self._highest()

    def commit(self, fresh: dict[int, set[bytes]]) -> None:
        """The transaction held: what was fresh is old now."""
        for hour, hashes in fresh.items():
            if hour in self._hours:
                self._hours[hour] |= hashes

    def forget(self) -> None:
        """The transaction did not hold, or is not known to have."""
        self._hours.clear()
        self._merge.clear()
        self._newest = None

    def _mine(self):
        return SeenIds.objects.filter(source_id=self._source)

    def _highest(self) -> int:
        return self._mine().aggregate(newest=Max("pk"))["newest"] or 0

    def _load(self, hour: int) -> set[bytes]:
        segments = list(self._mine().filter(hour=hour).values_list("pk", "hashes"))
        if len(segments) >= MANY:
            self._merge[hour] = [pk for pk, _ in segments]
        known: set[bytes] = set()
        for _, hashes in segments:
            known.update(_unpack(hashes))
        return known


def _hour(number: int) -> datetime:
    return datetime.fromtimestamp(number * 3600, UTC)


def _pack(hashes: set[bytes]) -> bytes:
    return b"".join(hashes)


def _unpack(hashes: bytes | memoryview) -> list[bytes]:
    packed = bytes(hashes)
    return [packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH)]
