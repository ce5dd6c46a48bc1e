"""Polling: which sources are due, and reading what is new in one of them."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from dashboard.core.locks import try_lock
from dashboard.usage.connectors.files import poller
from dashboard.usage.connectors.files.connector import INBOX
from dashboard.usage.connectors.files.poller import LOCK_SECONDS, EnqueueFile, FileId
from dashboard.usage.connectors.s3 import connector as s3_connector
from dashboard.usage.connectors.sql import connector as sql_connector
from dashboard.usage.connectors.usage_api import connector
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source, SourceKind, Stream

__all__ = ["INBOX", "claim_due", "ensure_inbox", "poll", "poll_file"]

log = logging.getLogger(__name__)

NEVER = Counts()
# How each kind is read: what counted, and the problem there was, "" for none.
READERS: dict[str, Callable[[Source, datetime], tuple[Counts, str]]] = {
    SourceKind.SQL: sql_connector.read,
    SourceKind.HTTP: connector.read,
    SourceKind.S3: s3_connector.read,
}


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


def poll(source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> Counts:
    """Read what is new in a source, in the way of its kind. Nothing when another worker is at it.

    What goes wrong with a file is kept on its stream and told by the source; the others are read. Large files
    of several go to `hand_out`, if given, and from there to `read_file`.
    """
    with try_lock(f"poll:{source.pk}", LOCK_SECONDS) as acquired:
        if not acquired:
            return NEVER
        reader = READERS.get(source.kind)
        counts, problem = reader(source, now) if reader else poller.poll_files(source, now, enqueue_file)
        if problem and reader:
            log.warning("%s: %s", source.slug, problem)
        _tell(source, problem, now)
        return counts


def poll_file(source: Source, place: FileId, token: str, now: datetime) -> Counts:
    """Read one watched file that a poll handed out with the claim on its lock."""
    counts, problem = poller.poll_file(source, place, token, now)
    _tell(source, problem, now)
    return counts


def _tell(source: Source, problem: str, now: datetime) -> None:
    """Keep the source's problem truthful: this poll's own, else the newest of a file still in place."""
    if not problem:
        stuck = Stream.objects.on_disk(source).filter(~Q(problem="")).order_by("-read_at").first()
        problem = stuck.problem if stuck else ""
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
    source.problem, source.polled_at = problem[:500], now
