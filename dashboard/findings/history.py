"""The story of a finding: what calls did to it and what people did, in one list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db.models import Prefetch, prefetch_related_objects

from dashboard.findings.models import Finding, FindingAction
from dashboard.findings.source_coverage import ReportedDays, sources_of_calls
from dashboard.usage.models import Source

__all__ = ["HistoryEvent", "finding_histories", "finding_history", "silent_sources"]

SILENT_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One line of the history. Machine events (opened, regressed, resolved) have no person and no instant."""

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
    # The sort is stable: what calls did comes before what people did on the same day.
    return sorted((event for event in events if event.on <= as_of), key=lambda event: event.on)[::-1]


def silent_sources(findings: Iterable[Finding], as_of: date) -> dict[int, list[Source]]:
    """Per finding (by primary key): the sources of its calls that have not reported for more than two days.

    While one is silent, the absence of calls proves nothing and the finding cannot resolve. Only findings
    annotated by `as_of()` whose calls seem to have stopped are looked at; the others are not in the answer.
    """
    asked = {
        (f.application_id, f.entry_id, f.last_call_on): f.pk  # type: ignore[attr-defined]
        for f in findings
        if f.last_call_on and f.last_call_on < as_of - SILENT_AFTER and not f.resolved_on  # type: ignore[attr-defined]
    }
    if not asked:
        return {}
    reports = ReportedDays(min(last for _, _, last in asked))
    found: dict[int, list[int]] = {}
    for key, sources in sources_of_calls(asked).items():
        quiet = [pk for pk in sources if (reports.last_day(pk, as_of) or date.min) < as_of - SILENT_AFTER]
        if quiet:
            found[asked[key]] = quiet
    names = Source.objects.in_bulk({pk for quiet in found.values() for pk in quiet})
    return {
        pk: sorted((names[source] for source in quiet), key=lambda source: source.name)
        for pk, quiet in found.items()
    }
