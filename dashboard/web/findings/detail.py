"""The page of one finding: its summary, its sunset, its calls and its history."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Max, Min, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard.alerts.models import Notice
from dashboard.catalog.lifecycle import EntryState, Step
from dashboard.catalog.regions import DueDate, name_with_region
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.charts.card import ChartCard
from dashboard.findings.history import HistoryEvent, finding_history, silent_sources
from dashboard.findings.models import Finding
from dashboard.findings.name_resolution import latest_calls_to, with_resolution
from dashboard.usage.ingest.latest_calls import latest_calls_of
from dashboard.usage.models import DailyRollup, LatestCall, Source
from dashboard.web.common import call_series
from dashboard.web.common.caller_details import caller_details
from dashboard.web.common.finding_rows import FindingRow, finding_rows
from dashboard.web.common.guide_links import Guide, guide_for
from dashboard.web.common.traffic_charts import calls_chart, entry_markers
from dashboard.web.common.verdicts import day_text

__all__ = [
    "FindingMail",
    "FindingPage",
    "LoggedCaller",
    "LoggedName",
    "build_page",
    "load_finding",
    "summary_text",
]

MAX_ROWS = 30
MAX_LATEST_CALLS = 5

EVENTS = {
    "opened": gettext_lazy("Opened: calls to a model with an announced sunset"),
    "regressed": gettext_lazy("Regressed: calls resumed"),
    "resolved": gettext_lazy("Resolved: no calls during the quiet days"),
    "acknowledge": gettext_lazy("Acknowledged"),
    "snooze": gettext_lazy("Snoozed"),
    "exempt": gettext_lazy("Exempted"),
    "reopen": gettext_lazy("Reopened"),
    "assign": gettext_lazy("Assigned"),
    "comment": gettext_lazy("Commented"),
    "mail": gettext_lazy("Alert"),
}


@dataclass(frozen=True, slots=True)
class LoggedName:
    """One model name in the logs of one source, at one endpoint, over the last 90 days."""

    source: str
    source_name: str
    called_as: str
    endpoint: str
    calls: int | None
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class LoggedCaller:
    """A caller as the log identifies it; calls over the last 90 days."""

    consumer: str
    team: str
    key_alias: str
    user_agent: str
    calls: int | None

    @property
    def details(self) -> list[str]:
        return caller_details(team=self.team, key_alias=self.key_alias, user_agent=self.user_agent)


@dataclass(frozen=True, slots=True)
class FindingMail:
    """An alert about the finding, for the history."""

    on: date
    recipient: str
    about: str
    """The reason for sending it and the state of its delivery."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the history."""

    on: date
    kind: str
    title: str
    by: Any = None
    note: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Everything on a finding's page."""

    row: FindingRow
    summary: str
    replacements: list[EntryState]
    deadline: Deadline | None
    guide: Guide | None
    chart: ChartCard | None
    history: list[HistoryLine]
    """Newest first."""
    logged_names: list[LoggedName]
    callers: list[LoggedCaller]
    latest_calls: list[LatestCall]
    """The latest calls, newest first."""
    silent_sources: list[Source]
    """Sources that reported its calls and have gone silent."""
    due: DueDate | None
    """The due date of these calls where it differs from the entry's sunset date, else None."""
    regional_name: str | None
    """The logged name that identifies the region of the due date."""
    milestones: list[Step]
    """Milestones still ahead, without the announcement and the sunset, by day."""

    @property
    def finding(self) -> Finding:
        return self.row.finding

    @property
    def entry(self) -> EntryState:
        return self.row.entry


def load_finding(pk: int, snapshot: Snapshot) -> Finding | None:
    """The finding on the snapshot's day; None if it had not opened yet."""
    findings = Finding.objects.as_of(snapshot.as_of, snapshot)
    return findings.select_related("application", "entry__platform").filter(pk=pk).first()


def build_page(finding: Finding, snapshot: Snapshot, today: date) -> FindingPage:
    """The page of a finding that `load_finding` returned."""
    row = next(finding_rows([finding], snapshot))
    logged_names = _logged_names(finding, snapshot.as_of)
    return FindingPage(
        row=row,
        summary=summary_text(row),
        replacements=snapshot.replacements(row.entry),
        deadline=snapshot.deadline_of(row.entry),
        guide=guide_for(row.entry.kind, row.entry.id, tuple(s.called_as for s in logged_names)),
        chart=_chart(row, today),
        history=_history_lines(finding, snapshot.as_of),
        logged_names=logged_names,
        callers=_callers(finding, snapshot.as_of),
        latest_calls=_latest_calls(finding, snapshot.as_of),
        silent_sources=silent_sources([finding], snapshot.as_of).get(finding.pk, []),
        due=row.due if row.elsewhere else None,
        regional_name=_regional_name(row, logged_names),
        milestones=_upcoming_milestones(row.entry),
    )


def _latest_calls(finding: Finding, as_of: date) -> list[LatestCall]:
    return list(
        latest_calls_of(finding.application_id, latest_calls_to(finding.entry_id), as_of, MAX_LATEST_CALLS)
    )


def _regional_name(row: FindingRow, names: list[LoggedName]) -> str | None:
    return name_with_region(row.entry, row.due.step, (name.called_as for name in names)) if row.due else None


def _upcoming_milestones(entry: EntryState) -> list[Step]:
    ahead = [s for s in entry.steps if s.on and s.on >= entry.as_of and s.kind not in {"announced", "sunset"}]
    return sorted(ahead, key=lambda step: (step.on or date.max, step.kind, step.region))


def summary_text(row: FindingRow) -> str:
    """Who calls which model, when it stops, and how many calls there are, in a few sentences."""
    last = row.last_call_on
    words = {"application": row.finding.application.name, "entry": row.entry.id}
    if row.status == "resolved":
        return _("%(application)s has stopped calling %(entry)s.") % words + _last_call_text(last)
    return f"{_deadline_text(row, words)} {_volume_text(row.calls_7d)}{_last_call_text(last)}"


def _deadline_text(row: FindingRow, words: dict[str, str]) -> str:
    left = row.days_left
    if row.status == "redirected":
        return _("%(application)s still calls %(entry)s, which is retired: another model answers.") % words
    if row.status == "broken":
        return _("%(application)s still calls %(entry)s, which is retired: its calls fail.") % words
    if left is None:
        return _("%(application)s still calls %(entry)s, which is deprecated without a sunset date.") % words
    if left <= 0:
        return _("%(application)s still calls %(entry)s, which has reached its sunset date.") % words
    text = ngettext(
        "%(application)s still calls %(entry)s, which retires in %(days)s day.",
        "%(application)s still calls %(entry)s, which retires in %(days)s days.",
        left,
    )
    return text % {**words, "days": left}


def _volume_text(calls: int | None) -> str:
    if calls is None:
        return _("The number of calls is unknown: the source does not count them.")
    return ngettext("%(n)s call in the last 7 full days.", "%(n)s calls in the last 7 full days.", calls) % {
        "n": f"{calls:,}"
    }


def _last_call_text(last: date | None) -> str:
    return " " + _("Last call: %(day)s.") % {"day": day_text(last)} if last else ""


def _chart(row: FindingRow, today: date) -> ChartCard | None:
    stack = call_series.calls_of_pair(row.finding.application_id, row.finding.entry_id, row.entry.as_of)
    return calls_chart(
        stack,
        chart_id="calls",
        title=_("Calls per day, last 90 days"),
        summary=_("Calls per day of %(application)s to %(entry)s.")
        % {"application": row.finding.application.name, "entry": row.entry.id},
        name=lambda _key: row.entry.id,
        rest="",
        today=today,
        markers=entry_markers(row.entry, stack.days[0]),
    )


def _history_lines(finding: Finding, as_of: date) -> list[HistoryLine]:
    lines = [_event_line(event) for event in finding_history(finding, as_of)]
    lines += [
        HistoryLine(
            mail.on,
            "mail",
            _("Alert to %(address)s") % {"address": mail.recipient},
            note=mail.about,
        )
        for mail in _mails(finding, as_of)
    ]
    return sorted(lines, key=lambda line: line.on, reverse=True)


def _event_line(event: HistoryEvent) -> HistoryLine:
    title = str(EVENTS[event.kind])
    if event.kind == "assign":
        title = _("Assigned to %(address)s") % {"address": event.note} if event.note else _("Unassigned")
        return HistoryLine(event.on, event.kind, title, event.by)
    return HistoryLine(event.on, event.kind, title, event.by, event.note, event.until)


def _mails(finding: Finding, as_of: date) -> list[FindingMail]:
    notices = Notice.objects.filter(finding=finding, delivery__as_of__lte=as_of).select_related("delivery")
    return [
        FindingMail(
            n.delivery.as_of,
            n.delivery.recipient,
            f"{n.get_reason_display()} · {n.delivery.get_state_display()}",
        )
        for n in notices.order_by("-delivery_id")[:100]
    ]


def _rollups(finding: Finding, as_of: date) -> Any:
    rollups = DailyRollup.objects.filter(
        identity__application=finding.application_id, day__range=call_series.chart_days(as_of)
    )
    return with_resolution(rollups).filter(resolution__entry=finding.entry_id)


def _logged_names(finding: Finding, as_of: date) -> list[LoggedName]:
    keys = ("source__slug", "source__name", "name__called_as", "name__endpoint")
    rows = (
        _rollups(finding, as_of)
        .values_list(*keys)
        .annotate(n=Sum("calls"), first=Min("day"), last=Max("day"))
        .order_by("-last", *keys)[:MAX_ROWS]
    )
    return [LoggedName(*row) for row in rows]


def _callers(finding: Finding, as_of: date) -> list[LoggedCaller]:
    keys = ("identity__consumer", "identity__team", "identity__key_alias", "identity__user_agent")
    rows = _rollups(finding, as_of).values_list(*keys).annotate(n=Sum("calls")).order_by("-n", *keys)[:MAX_ROWS]
    return [LoggedCaller(*row) for row in rows]
