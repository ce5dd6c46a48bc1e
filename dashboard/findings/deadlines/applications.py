"""The applications of a deadline, each with its progress off the deadline's entries.

A list may have a thousand and shows some tens at a time: `rank_applications` orders all of them by recent calls
and open findings, `application_progress` computes the progress of those that are shown.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings.choices import Status
from dashboard.findings.deadlines import forecast as deadlines_forecast
from dashboard.findings.deadlines.forecast import Forecast
from dashboard.findings.models import Finding
from dashboard.findings.traffic import series
from dashboard.findings.traffic.series import last_7_days

__all__ = [
    "ApplicationProgress",
    "RankedApplication",
    "application_progress",
    "rank_applications",
    "replacement_entries",
]

URGENCY = (
    Status.REGRESSED,
    Status.OPEN,
    Status.ACKNOWLEDGED,
    Status.SNOOZED,
    Status.EXEMPT,
    Status.RESOLVED,
)
DAY = timedelta(days=1)
FEW = 500
"""Up to this many applications are looked up by primary key; for more, all are read."""


@dataclass(frozen=True, slots=True)
class ApplicationProgress:
    """One application's progress off a deadline's entries. `status` is the most urgent of its findings."""

    pk: int
    slug: str
    name: str
    team: str
    owner: str
    baseline: float
    remaining: float
    progress: float | None
    last_call_on: date | None
    status: str
    done: bool
    forecast: Forecast
    replacement: float
    """Calls per day on the announced replacements, over the last seven complete days."""
    measure: str


@dataclass(frozen=True, slots=True)
class RankedApplication:
    """An application's place in the list. `done`: all of its findings have resolved."""

    pk: int
    remaining: float
    done: bool
    name: str
    counted: bool
    """Every one of its calls was counted."""


def rank_applications(deadline: Deadline, snapshot: Snapshot, start: date) -> list[RankedApplication]:
    """Every application with a finding on the deadline's entries, most remaining calls first.

    `start` is the first day that counts.
    """
    entries = [entry.pk for entry in deadline.entries]
    as_of = snapshot.as_of
    open_of: dict[tuple[int, str], bool] = defaultdict(bool)
    known = Finding.objects.existing_on(as_of, snapshot, entries).order_by()
    resolutions = known.values_list("application_id", "application__name", "resolved_on")  # type: ignore[misc]
    for application, name, resolved_on in series.fetch_raw(resolutions):
        open_of[application, name] |= resolved_on is None
    first, last = max(start, last_7_days(as_of)[0]), last_7_days(as_of)[1]
    days = max((last - first).days + 1, 1)
    remaining = {pk: n / days for pk, n in series.recent_calls(entries, first, last).items()}
    # Where calls are not counted, the measure is chosen from all rows of the application.
    if uncounted := series.applications_without_counts(entries, start, as_of):
        for pk, rows in series.by_application(entries, start, as_of, uncounted).items():
            measure, _ = series.choose_measure(rows)
            remaining[pk] = deadlines_forecast.recent_mean(series.sum_by_day(rows, measure), start, as_of)
    ranked = [
        RankedApplication(pk, remaining.get(pk, 0.0), not alive, name, pk not in uncounted)
        for (pk, name), alive in open_of.items()
    ]
    return sorted(ranked, key=lambda row: (-row.remaining, row.done, row.name, row.pk))


def application_progress(
    ranked: Sequence[RankedApplication], deadline: Deadline, snapshot: Snapshot, start: date
) -> list[ApplicationProgress]:
    """The progress of some applications, in their order."""
    entries = [entry.pk for entry in deadline.entries]
    as_of = snapshot.as_of
    wanted = {row.pk for row in ranked} if len(ranked) <= FEW else None
    counted = all(row.counted for row in ranked)
    rows = series.by_application(entries, start, as_of, wanted, calls_only=counted)
    week = last_7_days(as_of)[0]
    replaced = series.by_application(replacement_entries(deadline), week, as_of, wanted, calls_only=counted)
    findings: dict[int, list[Finding]] = defaultdict(list)
    known = Finding.objects.as_of(as_of, snapshot, entries)
    if wanted is not None:
        known = known.for_applications(wanted)
    for finding in known.select_related("application"):
        findings[finding.application_id].append(finding)
    return [
        _application(deadline, start, findings[row.pk], rows.get(row.pk, ()), replaced.get(row.pk, ()))
        for row in ranked
    ]


def replacement_entries(deadline: Deadline) -> list[int]:
    """The announced replacements, without entries that retire with the deadline themselves."""
    retiring = {entry.pk for entry in deadline.entries}
    return sorted({pk for e in deadline.entries for pk in e.replacements} - retiring)


def _application(
    deadline: Deadline,
    start: date,
    findings: list[Finding],
    rows: Collection[series.TrafficDay],
    replaced: Collection[series.TrafficDay],
) -> ApplicationProgress:
    application, as_of = findings[0].application, deadline.as_of
    measure, _ = series.choose_measure(rows)
    values = series.sum_by_day(rows, measure)
    highest = deadlines_forecast.baseline(values, start, as_of)
    remaining = deadlines_forecast.recent_mean(values, start, as_of)
    statuses = {f.status for f in findings}  # type: ignore[attr-defined]
    days = [f.last_call_on for f in findings if f.last_call_on]  # type: ignore[attr-defined]
    return ApplicationProgress(
        pk=application.pk,
        slug=application.slug,
        name=application.name,
        team=application.team,
        owner=application.owner,
        baseline=highest,
        remaining=remaining,
        progress=deadlines_forecast.progress(highest, remaining),
        last_call_on=max(days, default=None),
        status=next(status.value for status in URGENCY if status in statuses),
        done=statuses == {Status.RESOLVED},
        forecast=deadlines_forecast.forecast(values, start, as_of, deadline.sunset_on),
        replacement=deadlines_forecast.recent_mean(series.sum_by_day(replaced, measure), start, as_of),
        measure=measure,
    )
