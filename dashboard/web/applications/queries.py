"""Applications with what they still have to do."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.catalog import regions
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.snapshot import Snapshot
from dashboard.charts.card import ChartCard
from dashboard.findings.due_dates import entry_due
from dashboard.findings.models import Finding, Traffic
from dashboard.findings.querysets import DueKey
from dashboard.usage.models import Application, ApplicationRule, Identity
from dashboard.web.common import call_series, calls
from dashboard.web.common.finding_rows import FindingRow, finding_rows
from dashboard.web.common.traffic_charts import calls_chart

__all__ = ["ApplicationPage", "ApplicationRow", "Called", "Wanted", "find", "page", "rows"]

BOUND = 50
"""Findings, identities and rules that one page shows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; empty values ask for everything. `owner` is "", "none" or "some"."""

    text: str = ""
    team: str = ""
    owner: str = ""
    sort: str = "due"


@dataclass(frozen=True, slots=True)
class Due:
    """Findings that are alive: how many, the entry that stops first for these calls, and when."""

    count: int = 0
    first: EntryState | None = None
    end: regions.DueDate | None = None

    @property
    def elsewhere(self) -> bool:
        """These calls end on another day than the entry's own sunset date."""
        return self.end is not None and self.first is not None and self.end.on != self.first.sunset_on


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One line of the list."""

    application: Application
    due: Due
    calls_7d: int | None


@dataclass(frozen=True, slots=True)
class Called:
    """One model that an application called in the last 90 days; `entry` is None for unknown names."""

    entry: EntryState | None
    calls_7d: int | None
    calls_90d: int | None


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """Everything on an application's page; lists are bounded, `*_total` tells how many there are."""

    application: Application
    findings: list[FindingRow]
    findings_total: int
    alive: int
    called: list[Called]
    chart: ChartCard | None
    identities: list[Identity]
    identities_total: int
    rules: list[ApplicationRule]
    rules_total: int

    @property
    def calls_7d(self) -> int | None:
        told = [one.calls_7d for one in self.called if one.calls_7d is not None]
        return sum(told) if told or not self.called else None


def find(wanted: Wanted, snapshot: Snapshot) -> tuple[list[int], dict[int, Due]]:
    """Primary keys of the applications asked for, in order, and what is due of each that has anything due."""
    due = _due(snapshot)
    found = Application.objects.all()
    if text := wanted.text.strip():
        found = found.filter(Q(name__icontains=text) | Q(slug__icontains=text) | Q(owner__icontains=text))
    if wanted.team:
        found = found.filter(team=wanted.team)
    if wanted.owner:
        found = found.filter(owner="") if wanted.owner == "none" else found.exclude(owner="")
    critical = dict(found.order_by("name", "pk").values_list("pk", "criticality"))
    if wanted.sort == "name":
        return list(critical), due
    if wanted.sort == "findings":
        return sorted(critical, key=lambda pk: -due.get(pk, Due()).count), due
    return sorted(critical, key=lambda pk: (_first_day(due.get(pk)), critical[pk])), due


def rows(keys: Sequence[int], due: dict[int, Due], as_of: date) -> Iterator[ApplicationRow]:
    """The lines of one page."""
    found = Application.objects.in_bulk(keys)
    recent = calls.calls_7d_by_application(keys, as_of)
    for pk in keys:
        if pk in found:
            yield ApplicationRow(found[pk], due.get(pk, Due()), recent[pk])


def page(application: Application, snapshot: Snapshot, today: date) -> ApplicationPage:
    """The page of an application as of the snapshot's day."""
    as_of = snapshot.as_of
    findings = Finding.objects.as_of(as_of, snapshot).for_application(application)
    ordered = findings.by_due()
    stack = call_series.calls_by_entry(application.pk, as_of)
    return ApplicationPage(
        application=application,
        findings=list(finding_rows(ordered[:BOUND], snapshot)),
        findings_total=len(ordered),
        alive=findings.alive().count(),
        called=_called(application, snapshot),
        chart=_chart(application, stack, snapshot, today),
        identities=list(application.identities.order_by("pk")[:BOUND]),
        identities_total=application.identities.count(),
        rules=list(application.rules.all()[:BOUND]),
        rules_total=application.rules.count(),
    )


def _due(snapshot: Snapshot) -> dict[int, Due]:
    alive = Finding.objects.existing_on(snapshot.as_of, snapshot).alive().order_by()
    apart = alive.due_keys_by_pair()
    found: dict[int, list[DueKey]] = defaultdict(list)
    for application, entry in alive.values_list("application_id", "entry_id"):
        found[application].append(apart.get((application, entry), (entry, "", False)))
    there = {one for some in found.values() for one in some}
    ends = {one: entry_due(snapshot.entries[one[0]], *one[1:]) for one in there}
    days = {one: end.on if end else date.max for one, end in ends.items()}
    soonest = sorted(there, key=lambda one: (days[one], snapshot.entries[one[0]].id))
    place = {one: n for n, one in enumerate(soonest)}
    first = {application: min(some, key=place.__getitem__) for application, some in found.items()}
    return {pk: Due(len(found[pk]), snapshot.entries[one[0]], ends[one]) for pk, one in first.items()}


def _first_day(due: Due | None) -> date:
    """The day that sorts an application: its next sunset, the end of time without any."""
    return due.end.on if due and due.end else date.max


def _called(application: Application, snapshot: Snapshot) -> list[Called]:
    as_of = snapshot.as_of
    since = calls.week(as_of)[0]
    rows = (
        Traffic.objects.filter(application=application, day__range=call_series.chart_days(as_of))
        .values("entry")
        .annotate(lately=Sum("calls", filter=Q(day__gte=since)), total=Sum("calls"))
        .order_by("entry")
    )
    found = [
        Called(
            snapshot.entries.get(row["entry"]),
            row["lately"] if row["total"] is None else row["lately"] or 0,
            row["total"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda c: (c.entry is None, -(c.calls_7d or 0), -(c.calls_90d or 0)))


def _chart(
    application: Application, stack: call_series.CallChartData, snapshot: Snapshot, today: date
) -> ChartCard | None:
    unknown = _("names that the catalog does not know")
    others = ngettext("%(n)s other", "%(n)s others", stack.others) % {"n": stack.others}
    return calls_chart(
        stack,
        chart_id="calls",
        title=_("Calls per day, last 90 days"),
        summary=_("Calls per day of %(name)s, by model.") % {"name": application.name},
        name=lambda key: snapshot.entries[key].id,
        rest=f"{others}, {unknown}" if stack.others else unknown[:1].upper() + unknown[1:],
        today=today,
    )
