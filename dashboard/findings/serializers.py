"""Findings and deadlines as plain dicts, in the shape that `--json` and the JSON API share.

Days are ISO 8601 strings, in UTC; unknown values are None.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Sum, prefetch_related_objects

from dashboard.catalog.serializers import replacement_ids
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings.deadlines.forecast import Forecast
from dashboard.findings.deadlines.summary import ApplicationProgress, DeadlineSummary
from dashboard.findings.due_dates import finding_due
from dashboard.findings.history import HistoryEvent, finding_histories
from dashboard.findings.models import Finding, Traffic
from dashboard.findings.traffic.series import calls_7d

__all__ = ["serialize_deadline", "serialize_findings"]


def serialize_findings(findings: Sequence[Finding], snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each finding (annotated by `as_of` of the snapshot's day) with its calls and history, in bulk.

    `sunset_date` and `days_left` are of the day on which this finding's calls end; `region` is set if that date
    holds in one region only, and `entry_sunset_date` is the entry's own date. `calls_7d` are those of the last
    seven complete days (`traffic.series.last_7_days`).
    """
    prefetch_related_objects(list(findings), "application")
    events = finding_histories(findings, snapshot.as_of)
    pairs = [(finding.application_id, finding.entry_id) for finding in findings]
    week, total = calls_7d(pairs, snapshot.as_of), _calls_total(findings, snapshot.as_of)
    return [
        _finding(finding, snapshot, (week[pair], total.get(pair)), events[finding.pk])
        for finding, pair in zip(findings, pairs, strict=True)
    ]


def _finding(
    finding: Any, snapshot: Snapshot, calls: tuple[int | None, int | None], events: list[HistoryEvent]
) -> dict[str, Any]:
    entry = snapshot.entries[finding.entry_id]
    due = finding_due(finding, snapshot)
    return {
        "id": finding.pk,
        "application": finding.application.name,
        "team": finding.application.team,
        "owner": finding.assignee or finding.application.owner,
        "platform": entry.platform,
        "entry": entry.id,
        "kind": entry.kind,
        "status": finding.status,
        "sunset_date": _iso(due.on if due else None),
        "days_left": due.days_left if due else None,
        "region": (due.step.region or None) if due else None,
        "entry_sunset_date": _iso(entry.sunset_on),
        "on_sunset": entry.on_sunset or None,
        "replacements": replacement_ids(entry, snapshot),
        "first_seen": _iso(finding.first_seen),
        "last_seen": _iso(finding.last_call_on),
        "calls_7d": calls[0],
        "calls_total": calls[1],
        "history": [
            {
                "on": _iso(event.on),
                "kind": event.kind,
                "by": event.by.get_username() if event.by else None,
                "note": event.note,
                "until": _iso(event.until),
            }
            for event in events
        ],
    }


def serialize_deadline(deadline: Deadline, found: DeadlineSummary) -> dict[str, Any]:
    """A deadline with its progress, forecast and applications."""
    return {
        "platform": found.platform,
        "sunset_date": _iso(found.sunset_on),
        "as_of": _iso(found.as_of),
        "days_left": found.days_left,
        "models": [entry.id for entry in deadline.entries],
        "applications_total": found.applications_total,
        "applications_done": found.applications_done,
        "measure": found.measure,
        "incomplete": found.incomplete,
        "baseline": found.baseline,
        "remaining": found.remaining,
        "progress": found.progress,
        "replacement_share": found.replacement_share,
        "failing_per_day": found.failing_per_day,
        "forecast": _forecast(found.forecast),
        "applications": [_application(application) for application in found.applications],
    }


def _application(found: ApplicationProgress) -> dict[str, Any]:
    return {
        "application": found.name,
        "team": found.team,
        "owner": found.owner,
        "status": found.status,
        "measure": found.measure,
        "baseline": found.baseline,
        "remaining": found.remaining,
        "progress": found.progress,
        "replacement": found.replacement,
        "last_seen": _iso(found.last_call_on),
        "forecast": _forecast(found.forecast),
    }


def _forecast(found: Forecast) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "zero_on": _iso(found.zero_on),
        "low": _iso(found.low),
        "high": _iso(found.high),
    }


def _calls_total(findings: Sequence[Finding], as_of: date) -> dict[tuple[int, int], int | None]:
    """Per pair: calls of all days up to `as_of`; None where no source counted them."""
    rows = (
        Traffic.objects.filter(
            application__in={f.application_id for f in findings},
            entry__in={f.entry_id for f in findings},
            day__lte=as_of,
        )
        .order_by()
        .values_list("application", "entry")
        .annotate(total=Sum("calls"))
    )
    return {(application, entry): total for application, entry, total in rows}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
