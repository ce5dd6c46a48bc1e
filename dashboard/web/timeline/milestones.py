"""Milestones other than sunsets, for the timeline: one row per platform, day and kind."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.snapshot import Snapshot
from dashboard.web.common import calls

__all__ = ["MilestoneRow", "list_milestones"]


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """Entries of one platform with a milestone of one kind on one day, in some region or in all."""

    day: date
    platform: str
    kind: str
    entries: tuple[EntryState, ...]

    @property
    def platform_name(self) -> str:
        return self.entries[0].platform_name


def list_milestones(snapshot: Snapshot, first: date, last: date, *, ours: bool = False) -> list[MilestoneRow]:
    """Milestones as known on the snapshot's day, by day. `ours`: only of entries called in the last 30 days."""
    entries: Iterable[EntryState] = snapshot
    if ours:
        used = calls.usage_by_entry(snapshot.as_of)
        entries = (entry for entry in snapshot if entry.pk in used)
    groups: dict[tuple[date, str, str], dict[int, EntryState]] = defaultdict(dict)
    for entry in entries:
        for step in entry.steps:
            if step.kind != "sunset" and step.on and first <= step.on <= last:
                groups[step.on, entry.platform, step.kind][entry.pk] = entry
    return [MilestoneRow(*key, tuple(groups[key].values())) for key in sorted(groups)]
