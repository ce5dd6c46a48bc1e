"""The list of applications with their next sunset, and the page of one application."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.catalog import regions
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.snapshot import Snapshot
from dashboard.charts.card import ChartCard
from dashboard.findings.due_dates import entry_due
from dashboard.findings.models import Finding, Traffic
from dashboard.findings.querysets import DueKey
from dashboard.findings.traffic.series import last_7_days
from dashboard.usage.models import Application, ApplicationRule
from dashboard.web.common import call_series, calls
from dashboard.web.common.caller_details import caller_details
from dashboard.web.common.finding_rows import FindingRow, finding_rows
from dashboard.web.common.traffic_charts import calls_chart

__all__ = [
    "ApplicationListQuery",
    "ApplicationPage",
    "ApplicationRow",
    "CalledModel",
    "MatchedCaller",
    "application_rows",
    "build_page",
    "list_applications",
]

MAX_ROWS = 50
"""The most findings, callers and rules that one page shows."""


@dataclass(frozen=True, slots=True)
class ApplicationListQuery:
    """Filters of the list; empty values match everything.

    `owner` is "", "none" or "some"; `sort` is "due", "findings" or "name".
    """

    text: str = ""
    team: str = ""
    owner: str = ""
    sort: str = "due"


@dataclass(frozen=True, slots=True)
class OpenFindings:
    """The unresolved findings of an application: how many, and the next entry to reach its due date."""

    count: int = 0
    next_entry: EntryState | None = None
    next_due: regions.DueDate | None = None

    @property
    def has_own_date(self) -> bool:
        """Whether the due date of these calls differs from the entry's sunset date."""
        if not self.next_entry or not self.next_due:
            return False
        return self.next_due.on != self.next_entry.sunset_on


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One row of the list."""

    application: Application
    findings: OpenFindings
    calls_7d: int | None


@dataclass(frozen=True, slots=True)
class CalledModel:
    """One model that an application called in the last 90 days; `entry` is None for unknown models."""

    entry: EntryState | None
    calls_7d: int | None
    calls_90d: int | None


@dataclass(frozen=True, slots=True)
class MatchedCaller:
    """A caller as the log identifies it."""

    consumer: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """Everything on an application's page. Lists are cut to `MAX_ROWS`; `*_total` has their full length."""

    application: Application
    findings: list[FindingRow]
    findings_total: int
    alive: int
    models: list[CalledModel]
    chart: ChartCard | None
    callers: list[MatchedCaller]
    callers_total: int
    rules: list[ApplicationRule]
    rules_total: int

    @property
    def calls_7d(self) -> int | None:
        counted = [model.calls_7d for model in self.models if model.calls_7d is not None]
        return sum(counted) if counted or not self.models else None


def list_applications(
    list_query: ApplicationListQuery, snapshot: Snapshot
) -> tuple[list[int], dict[int, OpenFindings]]:
    """Primary keys of the matching applications, in order, and the open findings of those that have any."""
    findings = _open_findings(snapshot)
    applications = Application.objects.all()
    if text := list_query.text.strip():
        applications = applications.filter(
            Q(name__icontains=text) | Q(slug__icontains=text) | Q(owner__icontains=text)
        )
    if list_query.team:
        applications = applications.filter(team=list_query.team)
    if list_query.owner == "none":
        applications = applications.filter(owner="")
    elif list_query.owner:
        applications = applications.exclude(owner="")
    criticality = dict(applications.order_by("name", "pk").values_list("pk", "criticality"))
    if list_query.sort == "name":
        return list(criticality), findings
    if list_query.sort == "findings":
        return sorted(criticality, key=lambda pk: -findings.get(pk, OpenFindings()).count), findings
    return sorted(criticality, key=lambda pk: (_next_due_on(findings.get(pk)), criticality[pk])), findings


def application_rows(
    keys: Sequence[int], findings: dict[int, OpenFindings], as_of: date
) -> Iterator[ApplicationRow]:
    """The rows of one page."""
    applications = Application.objects.in_bulk(keys)
    recent_calls = calls.calls_7d_by_application(keys, as_of)
    for pk in keys:
        if pk in applications:
            yield ApplicationRow(applications[pk], findings.get(pk, OpenFindings()), recent_calls[pk])


def build_page(application: Application, snapshot: Snapshot, today: date) -> ApplicationPage:
    """The page of an application as of the snapshot's day."""
    as_of = snapshot.as_of
    findings = Finding.objects.as_of(as_of, snapshot).for_application(application)
    ordered = findings.by_due()
    stack = call_series.calls_by_entry(application.pk, as_of)
    return ApplicationPage(
        application=application,
        findings=list(finding_rows(ordered[:MAX_ROWS], snapshot)),
        findings_total=len(ordered),
        alive=findings.alive().count(),
        models=_called_models(application, snapshot),
        chart=_chart(application, stack, snapshot, today),
        callers=_callers(application),
        callers_total=application.identities.count(),
        rules=list(application.rules.all()[:MAX_ROWS]),
        rules_total=application.rules.count(),
    )


def _open_findings(snapshot: Snapshot) -> dict[int, OpenFindings]:
    """By application. Due dates are worked out once per due key, because many findings share one."""
    alive = Finding.objects.existing_on(snapshot.as_of, snapshot).alive().order_by()
    apart = alive.due_keys_by_pair()
    by_application: dict[int, list[DueKey]] = defaultdict(list)
    for application, entry in alive.values_list("application_id", "entry_id"):
        by_application[application].append(apart.get((application, entry), (entry, "", False)))
    distinct = {due_key for some in by_application.values() for due_key in some}
    dues = {
        (entry, regions_, idle): entry_due(snapshot.entries[entry], regions_, idle)
        for entry, regions_, idle in distinct
    }

    def sort_key(due_key: DueKey) -> tuple[date, str]:
        due = dues[due_key]
        return due.on if due else date.max, snapshot.entries[due_key[0]].id

    rank = {due_key: n for n, due_key in enumerate(sorted(distinct, key=sort_key))}
    next_ones = {pk: min(some, key=rank.__getitem__) for pk, some in by_application.items()}
    return {
        pk: OpenFindings(len(by_application[pk]), snapshot.entries[due_key[0]], dues[due_key])
        for pk, due_key in next_ones.items()
    }


def _callers(application: Application) -> list[MatchedCaller]:
    return [
        MatchedCaller(
            identity.consumer,
            caller_details(
                team=identity.team,
                key_alias=identity.key_alias,
                service=identity.service,
                user_agent=identity.user_agent,
                tags=identity.tags,
            ),
        )
        for identity in application.identities.order_by("pk")[:MAX_ROWS]
    ]


def _next_due_on(findings: OpenFindings | None) -> date:
    """The day by which applications are sorted; the last day of all without a due date."""
    return findings.next_due.on if findings and findings.next_due else date.max


def _called_models(application: Application, snapshot: Snapshot) -> list[CalledModel]:
    as_of = snapshot.as_of
    week = Q(day__range=last_7_days(as_of))
    sums = (
        Traffic.objects.filter(application=application, day__range=call_series.chart_days(as_of))
        .values("entry")
        .annotate(calls_7d=Sum("calls", filter=week), days=Count("day", filter=week), total=Sum("calls"))
        .order_by("entry")
    )
    models = [
        CalledModel(
            snapshot.entries.get(row["entry"]),
            row["calls_7d"] if row["days"] else 0,
            row["total"],
        )
        for row in sums
    ]
    return sorted(models, key=lambda m: (m.entry is None, -(m.calls_7d or 0), -(m.calls_90d or 0)))


def _chart(
    application: Application, stack: call_series.CallChartData, snapshot: Snapshot, today: date
) -> ChartCard | None:
    unknown = _("unknown models")
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
