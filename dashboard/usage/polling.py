"""Polling: which sources are due, and reading what is new in one of them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q

from dashboard.kit.once import holding
from dashboard.usage.ingest import Counts, InputError, Session
from dashboard.usage.models import Source, SourceKind, Stream
from dashboard.usage.sources import http, s3, sql
from dashboard.usage.sources.watch import INBOX, Found, Listing, files_of

__all__ = ["INBOX", "claim_due", "ensure_inbox", "poll"]

log = logging.getLogger(__name__)

# Device and inode of a file.
Place = tuple[int, int]

LOCK_SECONDS = 900  # as long as a task may run
NEVER = Counts()
# How each kind is read: what counted, and the problem there was, "" for none.
READERS: dict[str, Callable[[Source, datetime], tuple[Counts, str]]] = {
    SourceKind.SQL: sql.read,
    SourceKind.HTTP: http.read,
    SourceKind.S3: s3.read,
}


class Left(NamedTuple):
    """How a file's content was left when it was last looked at. Plain, because a poll compares thousands."""

    pk: int
    size: int
    mtime_ns: int
    waits: int
    path: str


def ensure_inbox(now: datetime) -> Source:
    """The source that reads `var/inbox/`, and the folder itself, made when missing."""
    settings.SUNDIAL_INBOX.mkdir(parents=True, exist_ok=True, mode=0o700)
    source, _ = Source.objects.get_or_create(
        slug=INBOX,
        defaults={
            "name": "Inbox",
            "kind": SourceKind.WATCH,
            "format": "auto",
            "poll_seconds": max(5, settings.SUNDIAL_POLL_SECONDS),
            "created_at": now,
        },
    )
    return source


def claim_due(now: datetime) -> list[int]:
    """The polled sources whose poll is due, each claimed for this caller alone."""
    ensure_inbox(now)
    due = []
    for pk, seconds in Source.objects.polled().values_list("pk", "poll_seconds"):
        # A little early rather than a whole beat late.
        moment = now - timedelta(seconds=max(1, seconds - 2))
        if Source.objects.polled_before(pk, moment).update(polled_at=now):
            due.append(pk)
    return due


def poll(source: Source, now: datetime) -> Counts:
    """Read what is new in a source, in the way of its kind. Nothing when another worker is at it.

    What goes wrong with a file is kept on its stream and told by the source; the others are read.
    """
    with holding(f"poll:{source.pk}", LOCK_SECONDS) as ours:
        if not ours:
            return NEVER
        reader = READERS.get(source.kind)
        if reader is None:
            return _watch(source, now)
        counts, problem = reader(source, now)
        if problem:
            log.warning("%s: %s", source.slug, problem)
        _tell(source, problem, now)
        return counts


def _watch(source: Source, now: datetime) -> Counts:
    if source.slug == INBOX:
        settings.SUNDIAL_INBOX.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = files_of(source)
    problem = found.problem
    session = Session(source, now)
    counts = NEVER
    known = _known(source)
    _let_go(known, found)
    # Those that were known first: what was read of a rotated file is then known before its successor.
    for file in sorted(found.files, key=lambda f: (f.device, f.inode) not in known):
        left = known.get((file.device, file.inode))
        if not file.size or (left and _is_as_left(left, file)):
            continue
        try:
            stream = Stream.objects.filter(pk=left.pk).first() if left else None
            counts += session.follow(file.path, source.format, stream)
        except InputError as error:
            problem = str(error)
            log.warning("%s: %s", source.slug, error)
    _tell(source, problem or session.dimensions.overflow, now)
    return counts


def _known(source: Source) -> dict[Place, Left]:
    """How files were left, by (device, inode); should two contents claim one file, the one read further."""
    known: dict[Place, Left] = {}
    for device, inode, *left in Stream.objects.in_place(source).left():
        known.setdefault((int(device), int(inode)), Left._make(left))
    return known


def _let_go(known: dict[Place, Left], found: Listing) -> None:
    """Content whose file is gone is in no place: the file system may give its number to another file."""
    if found.problem:
        return  # the listing may be short; a number given anew is noticed by content anyway
    gone = known.keys() - {(file.device, file.inode) for file in found.files}
    Stream.objects.leave_place(known.pop(place).pk for place in gone)


def _is_as_left(left: Left, file: Found) -> bool:
    """Nothing new: same size and time, and no last line that may count by now. A new name is noted."""
    if left.size != file.size or left.mtime_ns != file.mtime_ns or left.waits:
        return False
    if left.path != file.name[-1000:]:
        Stream.objects.filter(pk=left.pk).update(path=file.name[-1000:])
    return True


def _tell(source: Source, problem: str, now: datetime) -> None:
    """Keep the source's problem truthful: this poll's own, else the newest of a file still in place."""
    if not problem:
        stuck = Stream.objects.in_place(source).filter(~Q(problem="")).order_by("-read_at").first()
        problem = stuck.problem if stuck else ""
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
    source.problem, source.polled_at = problem[:500], now
