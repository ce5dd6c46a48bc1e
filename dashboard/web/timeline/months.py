"""Deadlines by calendar month, for the list below the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from dashboard.web.common.deadline_rows import DeadlineRow

__all__ = ["DeadlineMonth", "group_by_month"]


@dataclass(frozen=True, slots=True)
class DeadlineMonth:
    """The deadlines of a calendar month; `first` is its first day."""

    first: date
    rows: list[DeadlineRow]

    @property
    def models(self) -> int:
        return sum(row.models for row in self.rows)


def group_by_month(rows: Iterable[DeadlineRow]) -> list[DeadlineMonth]:
    """Rows in order of their day, grouped."""
    months = groupby(rows, key=lambda row: row.summary.sunset_on.replace(day=1))
    return [DeadlineMonth(first, list(group)) for first, group in months]
