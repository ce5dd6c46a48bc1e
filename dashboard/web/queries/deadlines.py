"""Deadlines for lists and the timeline: each with its models and the progress of those who call them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.deadlines import DeadlineSummary, all_summaries

__all__ = ["DeadlineRow", "Month", "both", "by_month"]

MOST_PAST = 100
"""Past deadlines of one page, newest first."""


@dataclass(frozen=True, slots=True)
class DeadlineRow:
    """One deadline as a list shows it; means are calls (or tokens) per day of the last complete week."""

    summary: DeadlineSummary
    entries: tuple[EntryState, ...]

    @property
    def key(self) -> str:
        """As people and addresses write it: `openai/2024-01-04`."""
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
    def announced_on(self) -> date:
        """The day of the first announcement, where the platform says it, else the day it was known."""
        return min((e.announced_on for e in self.entries if e.announced_on), default=self.summary.known_on)

    @property
    def applications_left(self) -> int:
        return self.summary.applications_total - self.summary.applications_done

    @property
    def is_ours(self) -> bool:
        """Somebody here calls, or called, one of its models."""
        return self.summary.applications_total > 0 or self.summary.remaining > 0

    @property
    def redirects(self) -> bool:
        """Calls to some of its models are answered by another model from the sunset on."""
        return any(entry.on_sunset == "redirects" for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Month:
    """The deadlines of a calendar month; `first` is its first day."""

    first: date
    rows: list[DeadlineRow]

    @property
    def models(self) -> int:
        return sum(row.models for row in self.rows)


def both(snapshot: Snapshot, most_past: int = MOST_PAST) -> tuple[list[DeadlineRow], list[DeadlineRow]]:
    """Deadlines of the snapshot's day and later, soonest first, and those before, newest first.

    The number of queries is constant.
    """
    ahead, behind = all_summaries(snapshot, most_past)
    return list(_rows(ahead, snapshot)), list(_rows(behind, snapshot))


def by_month(rows: Iterable[DeadlineRow]) -> list[Month]:
    """Rows in order of their day, grouped."""
    months = groupby(rows, key=lambda row: row.summary.sunset_on.replace(day=1))
    return [Month(first, list(group)) for first, group in months]


def _rows(summaries: Iterable[DeadlineSummary], snapshot: Snapshot) -> Iterator[DeadlineRow]:
    for summary in summaries:
        deadline = snapshot.deadlines[summary.platform, summary.sunset_on]
        yield DeadlineRow(summary, deadline.entries)
