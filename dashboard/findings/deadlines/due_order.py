"""Findings in the order of their due dates, which are computed from the catalog and not stored."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, overload

from django.db.models import Count, Q

from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.due_dates import entry_due

if TYPE_CHECKING:
    from dashboard.findings.models import Finding
    from dashboard.findings.querysets import FindingQuerySet
__all__ = ["DueKey", "FindingsByDue", "with_due_key_in"]

DueKey = tuple[int, str, bool]
"""What a due date depends on: the entry, `regions` and `idle`."""
Group = tuple[date, str, str, int]
"""Findings on one entry that are due on one day: the day, platform, id and primary key of the entry."""


def with_due_key_in(keys: Iterable[DueKey]) -> Q:
    """Findings with one of these keys: one condition per entry and `idle`, since databases limit their number."""
    regions: dict[tuple[int, bool], list[str]] = defaultdict(list)
    for entry, served, idle in keys:
        regions[entry, idle].append(served)
    condition = Q()
    for (entry, idle), served_in in regions.items():
        condition |= Q(entry=entry, idle=idle, regions__in=served_in)
    return condition


class FindingsByDue(Sequence["Finding"]):
    """Findings in order of due date, sliced without sorting them all; a `Paginator` takes it.

    Due dates follow from the catalog snapshot, not from a table. Counting findings per due key shows which keys a
    slice falls into; only their rows are read.
    """

    def __init__(
        self, findings: "FindingQuerySet", snapshot: Snapshot, counts: Mapping[DueKey, int] | None = None
    ) -> None:
        self.findings = findings
        if counts is None:
            columns = ("entry", "regions", "idle")
            rows = findings.order_by().values(*columns).annotate(n=Count("pk")).values_list(*columns, "n")
            counts = {(pk, regions, idle): n for pk, regions, idle, n in rows}
        groups: dict[Group, int] = defaultdict(int)
        self._keys: dict[Group, list[tuple[str, bool]]] = defaultdict(list)
        for (pk, regions, idle), count in counts.items():
            entry = snapshot.entries[pk]
            due = entry_due(entry, regions, idle)
            key = (due.on if due else date.max, entry.platform, entry.id, pk)
            groups[key] += count
            self._keys[key].append((regions, idle))
        self._counts = sorted(groups.items())
        self._length = sum(groups.values())
        self._varying = snapshot.varying

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator["Finding"]:
        # The iteration that Sequence provides would query one row at a time.
        return iter(self._rows(0, self._length))

    @overload
    def __getitem__(self, index: int) -> "Finding": ...
    @overload
    def __getitem__(self, index: slice) -> "list[Finding]": ...
    def __getitem__(self, index: int | slice) -> "Finding | list[Finding]":
        if isinstance(index, slice):
            start, stop, step = index.indices(self._length)
            return self._rows(start, stop)[::step] if step > 0 else self._rows(0, self._length)[index]
        start = range(self._length)[index]
        return self._rows(start, start + 1)[0]

    def _rows(self, start: int, stop: int) -> "list[Finding]":
        """At most three queries: one for all groups that the slice contains whole, two for those it may cut."""
        whole: dict[Group, list[Finding]] = {}
        cut: dict[Group, list[Finding]] = {}
        position = 0
        for group, count in self._counts:
            low, high = max(start - position, 0), min(stop - position, count)
            if (low, high) == (0, count):
                whole[group] = []
            elif low < high:
                cut[group] = list(self._findings_of([group])[low:high])
            position += count
        group_of = {(g[-1], *rest): g for g in whole for rest in self._keys[g]}
        for finding in self._findings_of(whole) if whole else ():
            whole[group_of[finding.entry_id, finding.regions, finding.idle]].append(finding)
        return [row for group, _ in self._counts for row in whole.get(group, []) or cut.get(group, [])]

    def _findings_of(self, groups: Collection[Group]) -> "FindingQuerySet":
        constant = Q(entry__in=[pk for *_, pk in groups if pk not in self._varying])
        varying = with_due_key_in(
            (g[-1], *rest) for g in groups if g[-1] in self._varying for rest in self._keys[g]
        )
        found = self.findings.filter(constant | varying).select_related("application", "entry__platform")
        return found.order_by("application__name", "pk")
