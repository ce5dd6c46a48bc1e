"""Findings as lists show them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from dashboard.catalog.snapshot import Snapshot
from dashboard.charts import palette
from dashboard.findings.choices import ALIVE, Status
from dashboard.findings.due_dates import entry_due
from dashboard.findings.models import Finding
from dashboard.findings.querysets import DueKey, FindingQuerySet
from dashboard.web.common.finding_rows import AFTER_SUNSET, FindingRow, finding_rows, status_after_sunset

__all__ = [
    "STATUSES",
    "Chip",
    "Tally",
    "Wanted",
    "batches",
    "chips",
    "find",
    "tally",
    "with_status",
]

BATCH = 500

STATUSES = ("open", "regressed", "acknowledged", "snoozed", "exempt", *AFTER_SUNSET, "resolved")
"""What a list can be narrowed to, in the order of its chips."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list. `status` is "" (everything that is still called), "all", a status, or what happens
    after the sunset; `within` a number of days to the due date or None."""

    text: str = ""
    platform: str = ""
    team: str = ""
    status: str = ""
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """One choice of status: its value in the address, its word, and how many it lists."""

    value: str
    label: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How many findings each choice of status would list; `groups`: in each circumstance, by status."""

    alive: int
    everything: int
    by_status: dict[str, int]
    groups: Mapping[str, Mapping[DueKey, int]]

    def listed(self, wanted: str) -> dict[DueKey, int]:
        """How many findings there are in each circumstance with this choice of status (see `Wanted`)."""
        chosen = {"": tuple(ALIVE), "all": tuple(Status.values)}.get(wanted, (wanted,))
        counts: dict[DueKey, int] = defaultdict(int)
        for status in chosen:
            for there, n in self.groups.get(status, {}).items():
                counts[there] += n
        return counts


def find(wanted: Wanted, snapshot: Snapshot) -> FindingQuerySet:
    """The findings that `wanted` asks for, whatever their status."""
    found = Finding.objects.as_of(snapshot.as_of, snapshot)
    if wanted.platform:
        found = found.on_platform(wanted.platform)
    if wanted.team:
        found = found.of_team(wanted.team)
    if wanted.within is not None:
        found = found.due_within(wanted.within)
    if text := wanted.text.strip():
        folded = text.casefold()
        named = [e.pk for e in snapshot.retiring.values() if folded in e.key.casefold()]
        people = Q(application__owner__icontains=text) | Q(assignee__icontains=text)
        found = found.filter(Q(application__name__icontains=text) | people | Q(entry__in=named))
    return found


def with_status(found: FindingQuerySet, status: str) -> FindingQuerySet:
    """Those of `found` with a status as lists show it."""
    if status == "all":
        return found
    if status in AFTER_SUNSET:
        return found.alive().due_matching(lambda entry, due: status_after_sunset("open", entry, due) == status)
    return found.with_status(status) if status else found.alive()


def tally(found: FindingQuerySet, snapshot: Snapshot) -> Tally:
    """Counts for the choices of status, in one query."""
    counts = dict.fromkeys((*Status.values, *AFTER_SUNSET), 0)
    groups: dict[str, dict[DueKey, int]] = defaultdict(dict)
    keys = ("status", "entry", "regions", "idle")
    rows = found.order_by().values(*keys).annotate(n=Count("pk")).values_list(*keys, "n")
    for status, pk, regions, idle, n in rows:
        entry, there = snapshot.entries[pk], (pk, regions, idle)
        groups[status][there] = n
        counts[status] += n
        if after := status_after_sunset(status, entry, entry_due(entry, regions, idle)):
            counts[after] += n
            groups[after][there] = groups[after].get(there, 0) + n
    alive = sum(counts[status] for status in ALIVE)
    return Tally(alive, alive + counts[Status.RESOLVED], counts, groups)


def chips(counts: Tally, current: str) -> list[Chip]:
    """The choices of status above a list; those that list nothing are left out, the current one never."""
    chosen = [Chip("", _("Still called"), counts.alive, not current)]
    for status in STATUSES:
        if counts.by_status[status] or status == current:
            label = _(palette.STATUSES[status].label)
            chosen.append(Chip(status, label, counts.by_status[status], status == current))
    return [*chosen, Chip("all", _("All"), counts.everything, current == "all")]


def batches(findings: Sequence[Finding], snapshot: Snapshot, limit: int) -> Iterator[FindingRow]:
    """Lines for up to `limit` findings, read some hundreds at a time."""
    for start in range(0, min(len(findings), limit), BATCH):
        yield from finding_rows(findings[start : min(start + BATCH, limit)], snapshot)
