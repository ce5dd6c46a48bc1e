"""One finding as its page shows it: the verdict, the evidence, the story."""

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
from dashboard.web.common.finding_rows import FindingRow, finding_rows
from dashboard.web.common.guide_links import Guide, guide_for
from dashboard.web.common.traffic_charts import calls_chart, entry_markers
from dashboard.web.common.verdicts import day_text

__all__ = ["Caller", "FindingPage", "Mail", "Seen", "find", "page", "verdict"]

BOUND = 30
PROOFS = 5

EVENTS = {
    "opened": gettext_lazy("Opened: it called the model while its sunset was announced"),
    "regressed": gettext_lazy("Regressed: calls came back"),
    "resolved": gettext_lazy("Resolved: no call for the quiet days"),
    "acknowledge": gettext_lazy("Acknowledged"),
    "snooze": gettext_lazy("Snoozed"),
    "exempt": gettext_lazy("Exempted"),
    "reopen": gettext_lazy("Reopened"),
    "assign": gettext_lazy("Assigned"),
    "comment": gettext_lazy("Commented"),
    "mail": gettext_lazy("Mail"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A name as logged by one source at one endpoint, over the last 90 days."""

    source: str
    source_name: str
    called_as: str
    endpoint: str
    calls: int | None
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Caller:
    """What the log knows about who called."""

    consumer: str
    team: str
    key_alias: str
    user_agent: str
    calls: int | None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message about the finding, for the history."""

    on: date
    recipient: str
    about: str
    """Why it was sent, and what became of it."""


@dataclass(frozen=True, slots=True)
class Line:
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
    verdict: str
    replacements: list[EntryState]
    deadline: Deadline | None
    guide: Guide | None
    chart: ChartCard | None
    story: list[Line]
    """Newest first."""
    seen: list[Seen]
    callers: list[Caller]
    proofs: list[LatestCall]
    """The latest calls, newest first."""
    silent: list[Source]
    """Sources that would carry its calls and do not report."""
    due: DueDate | None
    """The end that these calls meet, where it is on another day than the entry's own."""
    due_name: str | None
    """The name by which they tell the region that this end holds for."""
    steps: list[Step]
    """What else comes before the end, in the order of its days."""

    @property
    def finding(self) -> Finding:
        return self.row.finding

    @property
    def entry(self) -> EntryState:
        return self.row.entry


def find(pk: int, snapshot: Snapshot) -> Finding | None:
    """The finding as known on the snapshot's day; None when there was none yet."""
    found = Finding.objects.as_of(snapshot.as_of, snapshot)
    return found.select_related("application", "entry__platform").filter(pk=pk).first()


def page(finding: Finding, snapshot: Snapshot, today: date) -> FindingPage:
    """The page of a finding that `find` found."""
    row = next(finding_rows([finding], snapshot))
    seen = _seen(finding, snapshot.as_of)
    return FindingPage(
        row=row,
        verdict=verdict(row),
        replacements=snapshot.replacements(row.entry),
        deadline=snapshot.deadline_of(row.entry),
        guide=guide_for(row.entry.kind, row.entry.id, tuple(s.called_as for s in seen)),
        chart=_chart(row, today),
        story=_story(finding, snapshot.as_of),
        seen=seen,
        callers=_callers(finding, snapshot.as_of),
        proofs=list(
            latest_calls_of(finding.application_id, latest_calls_to(finding.entry_id), snapshot.as_of, PROOFS)
        ),
        silent=silent_sources([finding], snapshot.as_of).get(finding.pk, []),
        due=row.due if row.elsewhere else None,
        due_name=_due_name(row, seen),
        steps=_ahead(row.entry),
    )


def _due_name(row: FindingRow, seen: list[Seen]) -> str | None:
    return name_with_region(row.entry, row.due.step, (one.called_as for one in seen)) if row.due else None


def _ahead(entry: EntryState) -> list[Step]:
    found = [s for s in entry.steps if s.on and s.on >= entry.as_of and s.kind not in {"announced", "sunset"}]
    return sorted(found, key=lambda step: (step.on or date.max, step.kind, step.region))


def verdict(row: FindingRow) -> str:
    """Who calls what, how long that goes well, and how much of it there is."""
    last = row.last_call_on
    words = {"application": row.finding.application.name, "entry": row.entry.id}
    if row.status == "resolved":
        return _("%(application)s has stopped calling %(entry)s.") % words + _since(last)
    return f"{_deadline(row, words)} {_volume(row.calls_7d)}{_since(last)}"


def _deadline(row: FindingRow, words: dict[str, str]) -> str:
    left = row.days_left
    if row.status == "redirected":
        return _("%(application)s still calls %(entry)s, which has stopped: another model answers.") % words
    if row.status == "broken":
        return _("%(application)s still calls %(entry)s, which has stopped: its calls fail.") % words
    if left is None:
        return _("%(application)s still calls %(entry)s, whose end is announced without a day.") % words
    if left <= 0:
        return _("%(application)s still calls %(entry)s, whose sunset date has come.") % words
    text = ngettext(
        "%(application)s still calls %(entry)s, which stops in %(days)s day.",
        "%(application)s still calls %(entry)s, which stops in %(days)s days.",
        left,
    )
    return text % {**words, "days": left}


def _volume(calls: int | None) -> str:
    if calls is None:
        return _("How often is not known: its source counts no calls.")
    return ngettext("%(n)s call in the last 7 days.", "%(n)s calls in the last 7 days.", calls) % {
        "n": f"{calls:,}"
    }


def _since(last: date | None) -> str:
    return " " + _("The last one was on %(day)s.") % {"day": day_text(last)} if last else ""


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


def _story(finding: Finding, as_of: date) -> list[Line]:
    lines = [_line(event) for event in finding_history(finding, as_of)]
    lines += [
        Line(
            mail.on,
            "mail",
            _("Mail to %(address)s") % {"address": mail.recipient},
            note=mail.about,
        )
        for mail in _mails(finding, as_of)
    ]
    return sorted(lines, key=lambda line: line.on, reverse=True)


def _line(event: HistoryEvent) -> Line:
    title = str(EVENTS[event.kind])
    if event.kind == "assign":
        title = (
            _("Assigned to %(address)s") % {"address": event.note} if event.note else _("Given back to the owner")
        )
        return Line(event.on, event.kind, title, event.by)
    return Line(event.on, event.kind, title, event.by, event.note, event.until)


def _mails(finding: Finding, as_of: date) -> list[Mail]:
    notices = Notice.objects.filter(finding=finding, delivery__as_of__lte=as_of).select_related("delivery")
    return [
        Mail(
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


def _seen(finding: Finding, as_of: date) -> list[Seen]:
    keys = ("source__slug", "source__name", "name__called_as", "name__endpoint")
    rows = (
        _rollups(finding, as_of)
        .values_list(*keys)
        .annotate(n=Sum("calls"), first=Min("day"), last=Max("day"))
        .order_by("-last", *keys)[:BOUND]
    )
    return [Seen(*row) for row in rows]


def _callers(finding: Finding, as_of: date) -> list[Caller]:
    keys = ("identity__consumer", "identity__team", "identity__key_alias", "identity__user_agent")
    rows = _rollups(finding, as_of).values_list(*keys).annotate(n=Sum("calls")).order_by("-n", *keys)[:BOUND]
    return [Caller(*row) for row in rows]
