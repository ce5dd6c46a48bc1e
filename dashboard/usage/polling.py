"""Polling: which sources are due, and reading what is new in one of them."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q

from dashboard.core import clock, jobs
from dashboard.core.locks import try_lock
from dashboard.core.text import mask_secrets
from dashboard.usage.connectors.base import EnqueueFile, FileId
from dashboard.usage.connectors.files.connector import FilesConnector
from dashboard.usage.connectors.files.listing import INBOX
from dashboard.usage.connectors.registry import connector_for, polled_kinds
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source, Stream
from dashboard.usage.querysets import SourceQuerySet

__all__ = ["INBOX", "claim_due", "ensure_inbox", "poll", "poll_file", "polled_sources"]

log = logging.getLogger(__name__)

LOCK_SECONDS = 900  # as long as a task may run


def ensure_inbox(now: datetime) -> Source:
    """The source that reads the inbox folder, and the folder itself; both are made when missing."""
    settings.SUNDIAL_INBOX.mkdir(parents=True, exist_ok=True, mode=0o700)
    source, _ = Source.objects.get_or_create(
        slug=INBOX,
        defaults={
            "name": "Inbox",
            "kind": FilesConnector.kind,
            "format": "auto",
            "poll_seconds": max(5, settings.SUNDIAL_POLL_SECONDS),
            "created_at": now,
        },
    )
    return source


def polled_sources() -> SourceQuerySet:
    """The sources that polls read: of a kind that is polled, and not paused."""
    return Source.objects.filter(paused=False, kind__in=polled_kinds())


def claim_due(now: datetime) -> list[int]:
    """The ids of the sources whose poll is due, each claimed for this caller alone."""
    ensure_inbox(now)
    due = []
    for pk, seconds in polled_sources().values_list("pk", "poll_seconds"):
        # A little early rather than a whole beat late.
        moment = now - timedelta(seconds=max(1, seconds - 2))
        if polled_sources().polled_before(pk, moment, now).update(polled_at=now):
            due.append(pk)
    return due


def poll(source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> Counts:
    """Read what is new in a source. Counts nothing while another worker polls it.

    The problem of a file is saved with its checkpoint and shown by the source; the other files are read. Large
    files may go to `enqueue_file`, whose worker calls `poll_file`.
    """
    with try_lock(f"poll:{source.pk}", LOCK_SECONDS) as is_ours:
        if not is_ours:
            return Counts()
        connector = connector_for(source.kind)
        try:
            counts, problem = connector.poll(source, now, enqueue_file)
        except Exception as error:
            _record_failure(source, error, now)
            raise
        jobs.record_success(f"{jobs.POLL}{source.pk}", now)
        if problem and not connector.has_local_files:
            log.warning("%s: %s", source.slug, problem)
        _save_problem(source, problem, now)
        return counts


def poll_file(source: Source, file_id: FileId, token: str, now: datetime) -> Counts:
    """Read one file that a poll enqueued; `token` is the claim on its lock."""
    counts, problem = connector_for(source.kind).poll_file(source, file_id, token, now)
    _save_problem(source, problem, now)
    return counts


def _record_failure(source: Source, error: Exception, now: datetime) -> None:
    """Tell pages and `/readyz` that a poll ended with an error that it does not know."""
    try:
        jobs.record_failure(f"{jobs.POLL}{source.pk}", error, clock.wall())
        problem = f"The poll failed: {type(error).__name__}. The log of the worker says more"
        Source.objects.filter(pk=source.pk).update(problem=problem, polled_at=now)
    except DatabaseError:
        log.warning("%s: the failed poll could not be recorded", source.slug)


def _save_problem(source: Source, problem: str, now: datetime) -> None:
    """Save this poll's problem, or else the newest of a file that still has one."""
    if not problem:
        stream = Stream.objects.on_disk(source).filter(~Q(problem="")).order_by("-read_at").first()
        problem = stream.problem if stream else ""
    problem = mask_secrets(problem)
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
    source.problem, source.polled_at = problem[:500], now
