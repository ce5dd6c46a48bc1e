"""Deadlines for lists and the timeline, each with its models and the progress of their callers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings.deadlines.summary import DeadlineSummary, all_summaries
from dashboard.findings.due_dates import due_before_sunset, entry_due
from dashboard.findings.models import Finding

__all__ = ["DeadlineRow", "list_deadlines"]

MAX_PAST = 100
"""Past deadlines of one page, newest first."""


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """The row of a deadline; means are calls (or tokens) per day of the last complete week."""

    summary: DeadlineSummary
    entries: tuple[EntryState, ...]
    due_before_sunset: DueDate | None = None
    """The first end that comes before the deadline's day for some application that still calls."""

    @property
    def platform_name(self) -> str:
        """The platform's display name."""
        return self.entries[0].platform_name

    @property
    def key(self) -> str:
        """Platform slug and date, as in addresses: `openai/2024-01-04`."""
        return f"{self.summary.platform}/{self.summary.sunset_on.isoformat()}"

    @property
    def models(self) -> int:
        return len(self.entries)

    @property
    def names(self) -> list[str]:
        """The first few ids."""
        return [entry.id for entry in self.entries[:3]]

    @property
    def more(self) -> int:
        return max(len(self.entries) - 3, 0)

    @property
    def unverified(self) -> int:
        """The number of models without a first-hand source."""
        return sum(entry.unverified for entry in self.entries)

    @property
    def announced_on(self) -> date:
        """The day of the first announcement, if the platform states it, else the day it was known."""
        return min((e.announced_on for e in self.entries if e.announced_on), default=self.summary.known_on)

    @property
    def applications_left(self) -> int:
        return self.summary.applications_total - self.summary.applications_done

    @property
    def is_ours(self) -> bool:
        """Whether an application calls, or called, one of its models."""
        return self.summary.applications_total > 0 or self.summary.remaining > 0

    @property
    def redirects(self) -> bool:
        """Whether calls to some of its models are redirected to another model from the sunset on."""
        return any(entry.on_sunset == "redirects" for entry in self.entries)


def list_deadlines(snapshot: Snapshot, max_past: int = MAX_PAST) -> tuple[list[DeadlineRow], list[DeadlineRow]]:
    """Deadlines of the snapshot's day and later, soonest first, and those before, newest first.

    The number of queries is constant.
    """
    ahead, behind = all_summaries(snapshot, max_past)
    rows = list(_rows([*ahead, *behind], snapshot))
    return rows[: len(ahead)], rows[len(ahead) :]


def _first_ends(deadlines: Iterable[Deadline], snapshot: Snapshot) -> dict[tuple[str, date], DueDate]:
    """By (platform, day): the earliest end of any caller before the deadline's day. At most one query."""
    varying = {e.pk: (d.platform, d.sunset_on) for d in deadlines for e in d.entries if e.pk in snapshot.varying}
    if not varying:
        return {}
    ends: dict[tuple[str, date], DueDate] = {}
    alive = Finding.objects.existing_on(snapshot.as_of, snapshot, varying).alive().with_due_key()
    for pk, regions, idle in alive.due_keys():
        entry, key = snapshot.entries[pk], varying[pk]
        due = due_before_sunset(entry, entry_due(entry, regions, idle))
        if due and (key not in ends or due.on < ends[key].on):
            ends[key] = due
    return ends


def _rows(summaries: Iterable[DeadlineSummary], snapshot: Snapshot) -> Iterator[DeadlineRow]:
    listed = [(summary, snapshot.deadlines[summary.platform, summary.sunset_on]) for summary in summaries]
    ends = _first_ends((deadline for _, deadline in listed), snapshot)
    for summary, deadline in listed:
        yield DeadlineRow(summary, deadline.entries, ends.get((deadline.platform, deadline.sunset_on)))
