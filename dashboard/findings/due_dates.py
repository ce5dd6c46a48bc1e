"""When a finding is due: the rule of `catalog.regions.due`, asked with where its calls are served."""

from collections.abc import Callable
from typing import Any

from dashboard.catalog import regions
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Snapshot

__all__ = ["DuePredicate", "due_before_sunset", "entry_due", "finding_due"]

DuePredicate = Callable[[EntryState, DueDate | None], bool]
"""Whether findings on an entry that are due so are asked for."""


def entry_due(entry: EntryState, called_from: str, idle: bool) -> DueDate | None:
    """The due date of findings on `entry` with these `regions` (joined by commas) and `idle`, as annotated."""
    return regions.due_date(entry, called_from.split(","), idle=idle)


def finding_due(finding: Any, snapshot: Snapshot) -> DueDate | None:
    """The due date of a finding that `as_of` annotated."""
    return entry_due(snapshot.entries[finding.entry_id], finding.regions, finding.idle)


def due_before_sunset(entry: EntryState, due: DueDate | None) -> DueDate | None:
    """`due`, if it comes before the entry's own sunset date."""
    return due if due and entry.sunset_on and due.on < entry.sunset_on else None
