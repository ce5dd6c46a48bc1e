"""The row of one finding, as every list and page shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.choices import ALIVE
from dashboard.findings.due_dates import finding_due
from dashboard.findings.lifecycle import effect_after_sunset
from dashboard.findings.models import Finding
from dashboard.findings.traffic.series import calls_7d

__all__ = ["AFTER_SUNSET", "FindingRow", "finding_rows", "shown_status", "status_after_sunset"]

AFTER_SUNSET = ("broken", "redirected")
"""Statuses of a finding whose calls still arrive after the sunset."""


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line. `status` is the one a person looks for: broken or redirected once the sunset has passed."""

    finding: Finding
    entry: EntryState
    status: str
    calls_7d: int | None
    due: DueDate | None
    """When its calls end; None without a date."""

    @property
    def days_left(self) -> int | None:
        return self.due.days_left if self.due else None

    @property
    def elsewhere(self) -> bool:
        """Its calls end on another day than the entry's own sunset date."""
        return self.due is not None and self.due.on != self.entry.sunset_on

    @property
    def recorded(self) -> str:
        """The status without regard to the sunset."""
        return self.finding.status  # type: ignore[attr-defined]

    @property
    def opened_on(self) -> date:
        return self.finding.opened_on  # type: ignore[attr-defined]

    @property
    def last_call_on(self) -> date | None:
        return self.finding.last_call_on  # type: ignore[attr-defined]

    @property
    def owner(self) -> str:
        """Who gets the mail; empty when nobody is named."""
        return self.finding.assignee or self.finding.application.owner


def finding_rows(findings: Iterable[Finding], snapshot: Snapshot) -> Iterator[FindingRow]:
    """Lines for findings that `as_of()` annotated; made for one page of them."""
    listed = list(findings)
    recent = calls_7d(((f.application_id, f.entry_id) for f in listed), snapshot.as_of)
    for finding in listed:
        entry = snapshot.entries[finding.entry_id]
        told = recent[finding.application_id, finding.entry_id]
        yield FindingRow(finding, entry, shown_status(finding, snapshot), told, finding_due(finding, snapshot))


def shown_status(finding: Any, snapshot: Snapshot) -> str:
    """The status that a person looks for, of a finding that `as_of()` annotated."""
    entry = snapshot.entries[finding.entry_id]
    return status_after_sunset(finding.status, entry, finding_due(finding, snapshot)) or finding.status


def status_after_sunset(status: str, entry: EntryState, due: DueDate | None) -> str:
    """Broken or redirected where calls still arrive after their end, else ""."""
    ended = due.on if due and due.has_come else None
    return effect_after_sunset(entry.as_of, ended, entry.on_sunset, alive=status in ALIVE) or ""
