"""The row of a finding, for every list and page."""

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
    """The row of a finding. `status` is broken or redirected once the sunset has passed."""

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
        """Whether its calls end on another day than the entry's own sunset date."""
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
        """The address that gets the mail; empty without one."""
        return self.finding.assignee or self.finding.application.owner


def finding_rows(findings: Iterable[Finding], snapshot: Snapshot) -> Iterator[FindingRow]:
    """Rows for one page of findings that `as_of()` annotated."""
    listed = list(findings)
    recent = calls_7d(((f.application_id, f.entry_id) for f in listed), snapshot.as_of)
    for finding in listed:
        entry = snapshot.entries[finding.entry_id]
        calls = recent[finding.application_id, finding.entry_id]
        yield FindingRow(finding, entry, shown_status(finding, snapshot), calls, finding_due(finding, snapshot))


def shown_status(finding: Any, snapshot: Snapshot) -> str:
    """The status to show, of a finding that `as_of()` annotated."""
    entry = snapshot.entries[finding.entry_id]
    return status_after_sunset(finding.status, entry, finding_due(finding, snapshot)) or finding.status


def status_after_sunset(status: str, entry: EntryState, due: DueDate | None) -> str:
    """Broken or redirected where calls still arrive after their end, else ""."""
    ended = due.on if due and due.has_come else None
    return effect_after_sunset(entry.as_of, ended, entry.on_sunset, alive=status in ALIVE) or ""
