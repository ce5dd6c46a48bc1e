"""How far a source is with what lies behind it: the figure of a progress bar.

Databases and usage APIs are measured in time, files in bytes, object stores in objects. Four queries at most,
and for watched files one `lstat` per file; nothing outside of this machine is asked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.files.connector import source_files
from dashboard.usage.connectors.sync_window import ConnectorError, history_start
from dashboard.usage.models import ListingCursor, Source, SourceKind, Stream

__all__ = ["Progress", "Unit", "progress"]

COMPRESSED = (".gz", ".zst")
Unit = Literal["seconds", "bytes", "objects"]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total`, in `unit`; `total` and `share` (0 to 1) are None where nobody can tell.

    Of time, UTC: everything from `complete_from` to `complete_until` was read, and `started_on` to `target` is
    what is wanted. History is fetched newest first, so `complete_from` moves back until it is `started_on`.
    Of bytes and objects the four instants are None, or those of the walk under way: when it began.
    """

    unit: Unit
    done: int
    total: int | None
    share: float | None
    started_on: datetime | None = None
    complete_from: datetime | None = None
    complete_until: datetime | None = None
    target: datetime | None = None

    @property
    def is_complete(self) -> bool:
        return self.share == 1


def progress(source: Source, now: datetime) -> Progress | None:
    """How far it is; None where nothing was read yet, or where it makes no sense to ask (imports)."""
    if source.kind in {SourceKind.SQL, SourceKind.HTTP}:
        return _of_time(source, now)
    if source.kind == SourceKind.WATCH:
        return _of_files(source)
    if source.kind == SourceKind.S3:
        return _of_objects(source)
    return None


def _of_time(source: Source, now: datetime) -> Progress | None:
    """The least of its tables or endpoints decides from when until when; their shares are averaged."""
    streams = list(Stream.objects.filter(source=source, head=source.kind, offset__gt=0).order_by("pk"))
    try:
        first = history_start(source.config, now)
    except ConnectorError:
        return None
    if not streams:
        return None
    # The last midnight before it was polled, or what is reached beyond it: an open hour is no backlog.
    polled = int((source.polled_at or now).timestamp()) // DAY * DAY
    target = max(polled, *(stream.offset for stream in streams))
    done = sum(min(target, s.offset) - max(first, min(s.begin, s.offset)) for s in streams if s.offset > first)
    total = max(1, sum(max(polled, s.offset) - first for s in streams))
    return Progress(
        "seconds",
        done,
        total,
        _share(done, total),
        started_on=_at(first),
        complete_from=_at(max(first, *(stream.begin for stream in streams))),
        complete_until=_at(min(stream.offset for stream in streams)),
        target=_at(target),
    )


def _of_files(source: Source) -> Progress | None:
    """What was read of what lies there; of a compressed file, whose inside has another size, all or nothing."""
    found = source_files(source).files
    if not found:
        return None
    fields = ("device", "inode", "offset", "size", "path")
    known = {(int(row[0]), int(row[1])): row[2:] for row in Stream.objects.on_disk(source).values_list(*fields)}
    done = 0
    for file in found:
        offset, size, path = known.get((file.device, file.inode), (0, 0, ""))
        inflated = path.endswith(COMPRESSED)
        done += (file.size if size == file.size else 0) if inflated else min(offset, file.size)
    total = sum(file.size for file in found)
    return Progress("bytes", done, total, _share(done, total))


def _of_objects(source: Source) -> Progress | None:
    """Objects that the whole walks have passed; one that is finished counts as passed whatever it began with."""
    found = ListingCursor.objects.filter(source=source, front=False, started_at__isnull=False).order_by("pk")
    if not found:
        return None
    done = sum(walk.listed for walk in found)
    started = min(walk.started_at for walk in found if walk.started_at)
    under_way = [walk for walk in found if walk.finished_at is None]
    if not under_way:
        return Progress("objects", done, done, 1.0, started_on=started)
    if any(walk.total is None for walk in under_way):
        return Progress("objects", done, None, None, started_on=started)
    total = done + sum(max(0, (walk.total or 0) - walk.listed) for walk in under_way)
    return Progress("objects", done, total, _share(done, total), started_on=started)


def _share(done: int, total: int) -> float:
    return min(1.0, max(0.0, done / total)) if total > 0 else 1.0


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
