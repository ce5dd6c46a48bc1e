"""The history of a finding: events from its calls and actions of people, in one list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db.models import Prefetch, prefetch_related_objects

from dashboard.findings.models import Finding, FindingAction
from dashboard.findings.traffic.source_coverage import sources_of_calls
from dashboard.usage.health import last_reports
from dashboard.usage.models import Source
from dashboard.usage.silence import SILENT_AFTER

__all__ = ["HistoryEvent", "finding_histories", "finding_history", "silent_sources"]


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One line of the history. Events from calls (opened, regressed, resolved) have no person and no instant."""

    on: date
    kind: Literal[
        "opened", "regressed", "resolved", "acknowledge", "snooze", "exempt", "reopen", "assign", "comment"
    ]
    at: datetime | None = None
    by: Any = None
    note: str = ""
    until: date | None = None


def finding_history(finding: Finding, as_of: date) -> list[HistoryEvent]:
    """Everything up to and including `as_of`, newest first."""
    return finding_histories([finding], as_of)[finding.pk]


def finding_histories(findings: Sequence[Finding], as_of: date) -> dict[int, list[HistoryEvent]]:
    """The history of each finding, by primary key, at a fixed number of queries."""
    actions = Prefetch("actions", FindingAction.objects.select_related("by"))
    prefetch_related_objects(findings, "open_periods", actions)
    return {finding.pk: _events(finding, as_of) for finding in findings}


def _events(finding: Finding, as_of: date) -> list[HistoryEvent]:
    events: list[HistoryEvent] = []
    for period in finding.open_periods.all():
        events.append(HistoryEvent(period.opened_on, "regressed" if period.number else "opened"))
        if period.resolved_on:
            events.append(HistoryEvent(period.resolved_on, "resolved"))
    events += [
        HistoryEvent(action.on, action.kind, action.at, action.by, action.note, action.until)  # type: ignore[arg-type]
        for action in finding.actions.all()
    ]
    # The sort is stable: events from calls come before actions of the same day.
    return sorted((event for event in events if event.on <= as_of), key=lambda event: event.on)[::-1]


def silent_sources(findings: Iterable[Finding], as_of: date) -> dict[int, list[Source]]:
    """Per finding (by primary key): the sources of its calls that are silent (`usage.silence`), in order of names.

    While one is silent, the absence of calls proves nothing and the finding cannot resolve. Only findings
    annotated by `as_of()` that have had no call for some days are looked at; the others are not in the answer.
    """
    quiet_since = as_of - timedelta(days=SILENT_AFTER)
    last_calls = {
        (f.application_id, f.entry_id, f.last_call_on): f.pk  # type: ignore[attr-defined]
        for f in findings
        if f.last_call_on and f.last_call_on < quiet_since and not f.resolved_on  # type: ignore[attr-defined]
    }
    if not last_calls:
        return {}
    sources = sources_of_calls(last_calls)
    asked = Source.objects.filter(pk__in={pk for pks in sources.values() for pk in pks})
    silent = [report.source for report in last_reports(asked, as_of) if report.is_silent]
    found = {last_calls[key]: [source for source in silent if source.pk in pks] for key, pks in sources.items()}
    return {pk: some for pk, some in found.items() if some}
