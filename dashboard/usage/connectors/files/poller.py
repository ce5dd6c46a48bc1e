"""Watched files: which of them hold something new, and reading that.

Little that is new is read at once, file after file. A file with much that is new may be handed out, to be read
by another worker beside the others. While it waits or is read, its lock is kept for it.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from dashboard.core import locks
from dashboard.usage.connectors.files.connector import INBOX, Listing, WatchedFile, source_files
from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import Source, Stream

__all__ = ["LARGE_BACKLOG", "EnqueueFile", "FileId", "poll_file", "poll_files"]

log = logging.getLogger(__name__)

LARGE_BACKLOG = 64 << 20  # new bytes on the disk that are worth a task of their own
LOCK_SECONDS = 900  # as long as a task may run

# Device and inode of a file.
FileId = tuple[int, int]
# Is given a file to read, and the claim on its lock.
EnqueueFile = Callable[[FileId, str], object]


class KnownFile(NamedTuple):
    """How a file's content was left when it was last looked at. Plain, because a poll compares thousands."""

    pk: int
    size: int
    mtime_ns: int
    waits: int
    path: str


def poll_files(source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> tuple[Counts, str]:
    """Read what is new in all files of a source, and the problem there was with the last, or "".

    Of several changed files those with much that is new go to `hand_out`, if given.
    """
    if source.slug == INBOX:
        settings.SUNDIAL_INBOX.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = source_files(source)
    known = _known(source)
    _let_go(known, found)
    changed = list(_changed(found, known))
    session, counts, problem = Session(source, now), Counts(), found.problem
    for file, left in changed:
        place = file.device, file.inode
        token = locks.acquire(_lock(source, place), LOCK_SECONDS)
        if token is None:
            continue  # another worker is at it
        if enqueue_file and token and len(changed) > 1 and file.size - (left.size if left else 0) >= LARGE_BACKLOG:
            enqueue_file(place, token)
            continue
        counted, trouble = _follow(session, file, left, token)
        counts += counted
        problem = trouble or problem
    return counts, problem or session.dimensions.overflow


def poll_file(source: Source, place: FileId, token: str, now: datetime) -> tuple[Counts, str]:
    """Read what is new in one file that was handed out, wherever in the source's folders it lies by now."""
    file = next((file for file in source_files(source).files if (file.device, file.inode) == place), None)
    if file is None or source.paused:
        locks.release(_lock(source, place), token)
        return Counts(), ""
    session = Session(source, now)
    counts, problem = _follow(session, file, _known(source).get(place), token)
    return counts, problem or session.dimensions.overflow


def _follow(session: Session, file: WatchedFile, left: KnownFile | None, token: str) -> tuple[Counts, str]:
    source = session.source
    try:
        stream = Stream.objects.filter(pk=left.pk).first() if left else None
        return session.follow(file.path, source.format, stream), ""
    except InputError as error:
        log.warning("%s: %s", source.slug, error)
        return Counts(), str(error)
    finally:
        locks.release(_lock(source, (file.device, file.inode)), token)


def _lock(source: Source, place: FileId) -> str:
    return f"file:{source.pk}:{place[0]}:{place[1]}"


def _changed(found: Listing, known: dict[FileId, KnownFile]) -> Iterator[tuple[WatchedFile, KnownFile | None]]:
    """Files to look into, known ones first: a rotated file's lines then count before its successor's."""
    for file in sorted(found.files, key=lambda f: (f.device, f.inode) not in known):
        left = known.get((file.device, file.inode))
        if file.size and not (left and _is_as_left(left, file)):
            yield file, left


def _known(source: Source) -> dict[FileId, KnownFile]:
    """How files were left, by (device, inode); should two contents claim one file, the one read further."""
    known: dict[FileId, KnownFile] = {}
    for device, inode, *left in Stream.objects.on_disk(source).known_files():
        known.setdefault((int(device), int(inode)), KnownFile._make(left))
    return known


def _let_go(known: dict[FileId, KnownFile], found: Listing) -> None:
    """Content whose file is gone is in no place: the file system may give its number to another file."""
    if found.problem:
        return  # the listing may be short; a number given anew is noticed by content anyway
    gone = known.keys() - {(file.device, file.inode) for file in found.files}
    Stream.objects.mark_removed(known.pop(place).pk for place in gone)


def _is_as_left(left: KnownFile, file: WatchedFile) -> bool:
    """Nothing new: same size and time, and no last line that may count by now. A new name is noted."""
    if left.size != file.size or left.mtime_ns != file.mtime_ns or left.waits:
        return False
    if left.path != file.name[-1000:]:
        Stream.objects.filter(pk=left.pk).update(path=file.name[-1000:])
    return True
