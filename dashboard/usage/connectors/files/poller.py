"""Polls watched files: finds those that changed since the last poll, and reads what is new in them.

Files are read one after another. A file with much that is new may be enqueued for another worker instead; its
lock is held until that worker has read it.
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from dashboard.core import locks
from dashboard.core.text import printable_path
from dashboard.usage.connectors.base import EnqueueFile, FileId, PollResult
from dashboard.usage.connectors.files.listing import INBOX, Listing, WatchedFile, source_files
from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import Source, Stream

__all__ = ["LARGE_BACKLOG", "EnqueueFile", "FileId", "poll_file", "poll_files"]

log = logging.getLogger(__name__)

LARGE_BACKLOG = 64 << 20  # new bytes on disk that are worth a task of their own
LOCK_SECONDS = 900  # as long as a task may run


class KnownFile(NamedTuple):
    """A file as the last poll saw it. A tuple, because a poll compares thousands."""

    pk: int
    size: int
    mtime_ns: int
    waits: int
    path: str


def poll_files(source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
    """Read what is new in all files of a source; the problem is that of the last file that had one.

    If several files changed, those with much that is new go to `enqueue_file`, if given.
    """
    if source.slug == INBOX:
        settings.SUNDIAL_INBOX.mkdir(parents=True, exist_ok=True, mode=0o700)
    listing = source_files(source)
    known_files = _known_files(source)
    _mark_removed(known_files, listing)
    changed = list(_changed_files(listing, known_files))
    session, counts = Session(source, now), Counts()
    problems = [listing.problem] if listing.problem else []
    for file, known in changed:
        token = locks.acquire(_lock_name(source, file.id), LOCK_SECONDS)
        if token is None:
            continue  # another worker is reading it
        backlog = file.size - (known.size if known else 0)
        if enqueue_file and token and len(changed) > 1 and backlog >= LARGE_BACKLOG:
            enqueue_file(file.id, token)
            continue
        result = _read_locked(session, file, known, token)
        counts += result.counts
        if result.problem:
            problems.append(result.problem)
    return PollResult(counts, _summary(problems) or session.dimensions.overflow)


def poll_file(source: Source, file_id: FileId, token: str, now: datetime) -> PollResult:
    """Read what is new in one file that was enqueued; it may have been renamed within the source's folders."""
    file = next((file for file in source_files(source).files if file.id == file_id), None)
    if file is None or source.paused:
        locks.release(_lock_name(source, file_id), token)
        return PollResult(Counts())
    session = Session(source, now)
    result = _read_locked(session, file, _known_files(source).get(file_id), token)
    return result._replace(problem=result.problem or session.dimensions.overflow)


def _read_locked(session: Session, file: WatchedFile, known: KnownFile | None, token: str) -> PollResult:
    """Read what is new in a file whose lock is held, and release the lock."""
    source = session.source
    try:
        stream = Stream.objects.filter(pk=known.pk).first() if known else None
        return PollResult(session.follow(file.path, source.format, stream))
    except InputError as error:
        log.warning("%s: %s", source.slug, error)
        return PollResult(Counts(), str(error))
    except (OperationalError, InterfaceError):
        raise  # the database has trouble, not the file
    except Exception as error:
        path = printable_path(file.name)
        log.exception("%s: %s could not be read", source.slug, path)
        return PollResult(Counts(), f"{path} could not be read: {type(error).__name__}")
    finally:
        locks.release(_lock_name(source, file.id), token)


def _summary(problems: list[str]) -> str:
    """The last problem; of the others, how many there are."""
    more = len(problems) - 1
    return f"{problems[-1]}{f' (and {more} more)' if more else ''}" if problems else ""


def _lock_name(source: Source, file_id: FileId) -> str:
    return f"file:{source.pk}:{file_id[0]}:{file_id[1]}"


def _changed_files(
    listing: Listing, known_files: dict[FileId, KnownFile]
) -> Iterator[tuple[WatchedFile, KnownFile | None]]:
    """Files to read, known ones first: the lines of a rotated file then count before those of its successor."""
    for file in sorted(listing.files, key=lambda f: f.id not in known_files):
        known = known_files.get(file.id)
        if file.size and not (known and _is_unchanged(known, file)):
            yield file, known


def _known_files(source: Source) -> dict[FileId, KnownFile]:
    """The files that were read before. If two contents claim one file, the one that was read further wins."""
    known: dict[FileId, KnownFile] = {}
    for device, inode, *columns in Stream.objects.on_disk(source).known_files():
        known.setdefault((int(device), int(inode)), KnownFile._make(columns))
    return known


def _mark_removed(known_files: dict[FileId, KnownFile], listing: Listing) -> None:
    """A deleted file has no inode: the file system may reuse the number."""
    if listing.problem:
        return  # the listing may be incomplete; a reused inode is noticed by the content anyway
    removed = known_files.keys() - {file.id for file in listing.files}
    Stream.objects.mark_removed(known_files.pop(file_id).pk for file_id in removed)


def _is_unchanged(known: KnownFile, file: WatchedFile) -> bool:
    """Same size and time, and no last line that waits to be counted. A new name is saved."""
    if known.size != file.size or known.mtime_ns != file.mtime_ns or known.waits:
        return False
    if known.path != (path := printable_path(file.name)):
        Stream.objects.filter(pk=known.pk).update(path=path)
    return True
