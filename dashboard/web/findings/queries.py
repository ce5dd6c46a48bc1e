"""The list of findings: filters, status counts and rows."""

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
    "FindingListQuery",
    "StatusChip",
    "StatusCounts",
    "count_by_status",
    "matching_findings",
    "row_batches",
    "status_chips",
    "with_status",
]

BATCH = 500

STATUSES = ("open", "regressed", "acknowledged", "snoozed", "exempt", *AFTER_SUNSET, "resolved")
"""Values of the status filter, in the order of its chips."""


@dataclass(frozen=True, slots=True)
class FindingListQuery:
    """Filters of the list. `status` is "" (not resolved), "all", or one of `STATUSES`.

    `within` is a number of days until the due date, or None.
    """

    text: str = ""
    platform: str = ""
    team: str = ""
    status: str = ""
    within: int | None = None


@dataclass(frozen=True, slots=True)
class StatusChip:
    """One value of the status filter: its query parameter, its label and the number of findings."""

    value: str
    label: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """The number of findings per status; `groups` has them by status and due key."""

    alive: int
    everything: int
    by_status: dict[str, int]
    groups: Mapping[str, Mapping[DueKey, int]]

    def by_due_key(self, status: str) -> dict[DueKey, int]:
        """The number of findings with each due key, for a value of the status filter."""
        statuses = {"": tuple(ALIVE), "all": tuple(Status.values)}.get(status, (status,))
        counts: dict[DueKey, int] = defaultdict(int)
        for one_status in statuses:
            for due_key, n in self.groups.get(one_status, {}).items():
                counts[due_key] += n
        return counts


def matching_findings(list_query: FindingListQuery, snapshot: Snapshot) -> FindingQuerySet:
    """Findings that match the filters, of any status."""
    findings = Finding.objects.as_of(snapshot.as_of, snapshot)
    if list_query.platform:
        findings = findings.on_platform(list_query.platform)
    if list_query.team:
        findings = findings.of_team(list_query.team)
    if list_query.within is not None:
        findings = findings.due_within(list_query.within)
    if text := list_query.text.strip():
        folded = text.casefold()
        named = [e.pk for e in snapshot.retiring.values() if folded in e.key.casefold()]
        people = Q(application__owner__icontains=text) | Q(assignee__icontains=text)
        findings = findings.filter(Q(application__name__icontains=text) | people | Q(entry__in=named))
    return findings


def with_status(findings: FindingQuerySet, status: str) -> FindingQuerySet:
    """Those of `findings` that a value of the status filter shows."""
    if status == "all":
        return findings
    if status in AFTER_SUNSET:
        return findings.alive().due_matching(lambda entry, due: status_after_sunset("open", entry, due) == status)
    return findings.with_status(status) if status else findings.alive()


def count_by_status(findings: FindingQuerySet, snapshot: Snapshot) -> StatusCounts:
    """Counts for the status filter, in one query."""
    counts = dict.fromkeys((*Status.values, *AFTER_SUNSET), 0)
    groups: dict[str, dict[DueKey, int]] = defaultdict(dict)
    keys = ("status", "entry", "regions", "idle")
    rows = findings.order_by().values(*keys).annotate(n=Count("pk")).values_list(*keys, "n")
    for status, pk, regions, idle, n in rows:
        entry, due_key = snapshot.entries[pk], (pk, regions, idle)
        groups[status][due_key] = n
        counts[status] += n
        if after := status_after_sunset(status, entry, entry_due(entry, regions, idle)):
            counts[after] += n
            groups[after][due_key] = groups[after].get(due_key, 0) + n
    alive = sum(counts[status] for status in ALIVE)
    return StatusCounts(alive, alive + counts[Status.RESOLVED], counts, groups)


def status_chips(counts: StatusCounts, current: str) -> list[StatusChip]:
    """The status filter above the list. Empty choices are left out, except the current one."""
    choices = [StatusChip("", _("Unresolved"), counts.alive, not current)]
    for status in STATUSES:
        if counts.by_status[status] or status == current:
            label = _(palette.STATUSES[status].label)
            choices.append(StatusChip(status, label, counts.by_status[status], status == current))
    return [*choices, StatusChip("all", _("All"), counts.everything, current == "all")]


def row_batches(findings: Sequence[Finding], snapshot: Snapshot, limit: int) -> Iterator[FindingRow]:
    """Rows for up to `limit` findings, read in batches of `BATCH`."""
    for start in range(0, min(len(findings), limit), BATCH):
        yield from finding_rows(findings[start : min(start + BATCH, limit)], snapshot)
