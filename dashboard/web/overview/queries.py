"""The overview: upcoming deadlines, applications at risk, calls to unknown models, and how fresh usage is."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from dashboard.catalog.models import Revision
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.choices import Status
from dashboard.findings.due_dates import finding_due
from dashboard.findings.models import Finding, Traffic
from dashboard.findings.traffic.series import calls_7d, last_7_days
from dashboard.usage.health import last_reports
from dashboard.usage.models import Application, Source
from dashboard.web.common import calls
from dashboard.web.common.deadline_rows import DeadlineRow, list_deadlines

__all__ = ["ApplicationAtRisk", "CatalogChange", "Overview", "SourcesSummary", "load_overview"]

NEXT, AT_RISK, CHANGES = 6, 8, 6
RISK_DAYS = 30
CHANGE_DAYS = 90
MAX_FINDINGS, MAX_REVISIONS, MAX_SOURCES = 300, 500, 200


@dataclass(slots=True)
class ApplicationAtRisk:
    """An application that calls a model whose end is near or past for it. Calls are those of the last 7 days.

    `due_on` is the day its own calls end, `deadline_on` that of the deadline the model belongs to.
    """

    application: Application
    platform: str
    due_on: date
    deadline_on: date
    days_left: int
    announced_on: date | None
    models: list[str] = field(default_factory=list)
    calls: int | None = None
    status: str = Status.OPEN.value

    @property
    def more_models(self) -> int:
        """The number of models besides the first."""
        return len(self.models) - 1


@dataclass(slots=True)
class CatalogChange:
    """The models of one platform with a revision on one day."""

    known_on: date
    platform_name: str
    source_url: str
    names: list[str] = field(default_factory=list)

    @property
    def first_names(self) -> list[str]:
        return self.names[:3]

    @property
    def more(self) -> int:
        return max(len(self.names) - 3, 0)


@dataclass(frozen=True, slots=True)
class SourcesSummary:
    """How fresh usage is. `newest` is the last day with calls; troubled sources have a problem, silent ones
    do not report.
    """

    total: int
    newest: date | None
    troubled: list[Source]
    silent: list[Source]

    @property
    def tone(self) -> str:
        """The tone of the banner, a name of `palette.TONES`."""
        return "hot" if self.troubled else "warm" if self.silent else "quiet"


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page."""

    has_usage: bool
    has_catalog: bool
    next: DeadlineRow | None
    """The next deadline of models that are still called; else of models that were called; else of any."""
    rows: list[DeadlineRow]
    """The first upcoming deadlines of models that applications call, soonest first."""
    ours_total: int
    """The number of upcoming deadlines with models that applications call."""
    per_day: float
    """Calls per day to models of these and of past deadlines: the mean of the last complete week."""
    overdue: list[DeadlineRow]
    """Past deadlines whose models are still called."""
    at_risk: list[ApplicationAtRisk]
    at_risk_total: int
    uncatalogued: int
    calls: int
    changes: list[CatalogChange]
    sources: SourcesSummary

    @property
    def uncatalogued_share(self) -> float | None:
        return self.uncatalogued / self.calls if self.calls else None


def load_overview(snapshot: Snapshot) -> Overview:
    """The overview as of the snapshot's day. The number of queries is constant."""
    ahead, behind = list_deadlines(snapshot)
    ours = [row for row in ahead if row.is_ours]
    # Less than a call every other day is shown among the applications at risk, not as a warning of "0 calls".
    overdue = [row for row in behind if row.summary.remaining >= 0.5]
    at_risk_rows = _at_risk(snapshot)
    unknown, total = calls.count_unknown_calls(*last_7_days(snapshot.as_of))
    return Overview(
        has_usage=bool(total) or Traffic.objects.exists(),
        has_catalog=bool(snapshot.entries),
        next=next(iter([row for row in ours if row.summary.remaining] or ours or ahead), None),
        rows=ours[:NEXT],
        ours_total=len(ours),
        per_day=sum(row.summary.remaining for row in (*ours, *overdue)),
        overdue=overdue[:NEXT],
        at_risk=at_risk_rows[:AT_RISK],
        at_risk_total=len(at_risk_rows),
        uncatalogued=unknown,
        calls=total,
        changes=_changes(snapshot.as_of),
        sources=_sources(snapshot.as_of),
    )


def _at_risk(snapshot: Snapshot) -> list[ApplicationAtRisk]:
    """Applications with findings due soon or overdue, exempt ones left out; by due date, then most calls."""
    alive = Finding.objects.as_of(snapshot.as_of, snapshot).alive().due_within(RISK_DAYS)
    findings = [f for f in alive.by_due()[:MAX_FINDINGS] if f.status != Status.EXEMPT]  # type: ignore[attr-defined]
    volume = calls_7d([(f.application_id, f.entry_id) for f in findings], snapshot.as_of)
    at_risk: dict[int, ApplicationAtRisk] = {}
    for finding in findings:
        entry = snapshot.entries[finding.entry_id]
        due = finding_due(finding, snapshot)
        if not due:
            continue
        deadline_on = entry.sunset_on or due.on
        application = at_risk.setdefault(
            finding.application_id,
            ApplicationAtRisk(
                finding.application, entry.platform, due.on, deadline_on, due.days_left, entry.announced_on
            ),
        )
        application.models.append(entry.id)
        calls = volume[finding.application_id, finding.entry_id]
        if calls is not None:
            application.calls = (application.calls or 0) + calls
        if finding.status == Status.REGRESSED:  # type: ignore[attr-defined]
            application.status = Status.REGRESSED.value
    return sorted(at_risk.values(), key=lambda row: (row.days_left, -(row.calls or 0), row.application.name))


def _changes(as_of: date) -> list[CatalogChange]:
    rows = (
        Revision.objects.filter(known_on__lte=as_of, known_on__gt=as_of - timedelta(days=CHANGE_DAYS))
        .order_by("-known_on", "entry__platform__slug", "entry__name")
        .values_list("known_on", "entry__platform__name", "entry__name", "source_url")[:MAX_REVISIONS]
    )
    return _grouped(rows)[:CHANGES]


def _grouped(rows: Iterable[tuple[date, str, str, str]]) -> list[CatalogChange]:
    changes: dict[tuple[date, str], CatalogChange] = {}
    for known_on, platform, name, url in rows:
        change = changes.setdefault((known_on, platform), CatalogChange(known_on, platform, url))
        if name not in change.names:
            change.names.append(name)
    return list(changes.values())


def _sources(as_of: date) -> SourcesSummary:
    """Sources by name. Paused ones are not listed as silent."""
    reports = last_reports(Source.objects.all(), as_of)[:MAX_SOURCES]
    return SourcesSummary(
        total=len(reports),
        newest=max((report.last_day for report in reports if report.last_day), default=None),
        troubled=[report.source for report in reports if report.source.problem],
        silent=[report.source for report in reports if report.is_silent and not report.source.paused],
    )
