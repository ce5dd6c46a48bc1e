"""How sources are doing, in a word that pages show, and how far they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db.models import QuerySet

from dashboard.usage import health
from dashboard.usage.connectors.progress import Progress, progress
from dashboard.usage.health import SourceActivity, SourceHealth, newest_rejected, reasons
from dashboard.usage.models import RejectedLine, Source, SourceKind, Stream
from dashboard.usage.services import ASKED

__all__ = [
    "STATES",
    "SourceRow",
    "State",
    "Status",
    "checkpoints",
    "get_source_row",
    "list_sources",
    "reasons",
    "rejected_lines",
    "source_rows",
    "state_of",
    "status",
]  # fmt: skip

State = Literal["reading", "waiting", "silent", "paused", "problem", "imported"]
STATES: tuple[State, ...] = ("problem", "silent", "reading", "waiting", "paused", "imported")
"""Those that need somebody come first."""

PATIENCE = 90
"""Seconds for which a page waits for the poll that somebody asked for."""
TRIFLE = 0.995
"""A share of bytes from which nothing is left but perhaps an unfinished last line."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its state; everything else is in `health`."""

    health: SourceHealth
    state: State

    @property
    def source(self) -> Source:
        return self.health.source


@dataclass(frozen=True, slots=True)
class Status:
    """What changes while a source is read.

    `lag_hours` are the hours between the newest record, or what is complete, and now; None without either.
    `is_running` while a page has reason to look again soon, `is_asked` while somebody waits for a poll.
    """

    progress: Progress | None
    lag_hours: int | None
    is_running: bool
    is_asked: bool


def list_sources(as_of: date, now: datetime) -> list[tuple[State, SourceActivity]]:
    """Every source with its state; those that need somebody come first, then by name."""
    found = [(state_of(activity), activity) for activity in health.source_activity(as_of, now)]
    return sorted(found, key=lambda one: (min(STATES.index(one[0]), 2), one[1].source.name.casefold()))


def source_rows(found: Iterable[tuple[State, SourceActivity]], as_of: date) -> list[SourceRow]:
    """The lines of one page of `listed`."""
    shown = list(found)
    details = health.add_details([activity for _, activity in shown], as_of)
    return [SourceRow(one, state) for (state, _), one in zip(shown, details, strict=True)]


def get_source_row(slug: str, as_of: date, now: datetime) -> SourceRow | None:
    """One source for its own page."""
    found = [(state_of(activity), activity) for activity in health.source_activity(as_of, now, slug)]
    return next(iter(source_rows(found, as_of)), None)


def state_of(activity: SourceActivity) -> State:
    """A problem tells more than a pause, a pause more than silence."""
    if activity.problem:
        return "problem"
    if activity.source.paused:
        return "paused"
    if activity.source.kind == SourceKind.IMPORT:
        return "imported"
    if activity.silent_days is None:
        return "waiting"
    return "silent" if activity.is_silent else "reading"


def status(row: SourceRow, now: datetime, asked_at: int = 0) -> Status:
    """How far a source is at `now`; `asked_at` is when somebody asked for a poll, in seconds since 1970."""
    source = row.source
    found = progress(source, now)
    if found and found.unit == "bytes" and (found.share or 0) > TRIFLE:
        found = None  # nothing to wait for
    polled_at = source.polled_at.timestamp() if source.polled_at else 0
    is_asked = polled_at < asked_at and now.timestamp() - asked_at < PATIENCE
    filling = bool(found and not found.is_complete and source.kind in ASKED)
    is_reading = filling and not source.paused and not source.problem
    newest = (found and found.complete_until) or row.health.newest_hour
    return Status(
        progress=found,
        lag_hours=max(0, int((now - newest).total_seconds()) // 3600) if newest else None,
        is_running=is_asked or is_reading,
        is_asked=is_asked,
    )


def checkpoints(source: Source) -> QuerySet[Stream]:
    """The files of a source, read last first; made for paging."""
    return Stream.objects.filter(source=source).order_by("-read_at", "-pk")


def rejected_lines(source: Source) -> Sequence[RejectedLine]:
    return newest_rejected(source)
