"""Progress and forecast of deadlines: numbers from daily sums up to the snapshot's day, and nothing after it.

Means are per day over complete days (`forecast.py`). `measure` is "calls", or "tokens" where a source reports
no number of calls. Replacement figures cover every caller of the announced replacements, also those who never
called a retiring entry.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import accumulate

from django.db.models import Min

from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.core.fields import day_number
from dashboard.findings.deadlines import applications as deadlines_applications
from dashboard.findings.deadlines import forecast as deadlines_forecast
from dashboard.findings.deadlines.applications import ApplicationProgress
from dashboard.findings.deadlines.forecast import Forecast
from dashboard.findings.models import EntryTraffic, Finding, OpenPeriod
from dashboard.findings.traffic.series import (
    TrafficDay,
    by_entry,
    called_entries,
    choose_measure,
    fetch_raw,
    last_7_days,
    sum_by_day,
)

__all__ = [
    "ApplicationProgress",
    "BurndownDay",
    "DeadlineSummary",
    "all_summaries",
    "burndown_days",
    "deadline_summary",
    "deadline_totals",
    "list_summaries",
]

LONGEST_SERIES = 1500
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeadlineSummary:
    """A deadline as of `as_of`. Applications are those with a finding, alive or resolved, on its entries."""

    platform: str
    sunset_on: date
    as_of: date
    days_left: int
    known_on: date
    measured_from: date
    """First day that counts for the baseline."""
    measure: str
    incomplete: bool
    """Some usage is left out: a source reports no calls, and another reports no tokens to compare."""
    applications_total: int
    applications_done: int
    baseline: float
    remaining: float
    progress: float | None
    replacement: float
    replacement_share: float | None
    failing_per_day: float
    """After the sunset, failed calls per day; before it, calls per day to entries that will fail."""
    forecast: Forecast
    applications: tuple[ApplicationProgress, ...] = ()


@dataclass(frozen=True, slots=True)
class BurndownDay:
    """One day of a burn-down. `applications_remaining`: those with a finding alive that day."""

    day: date
    retiring: int
    replacement: int
    applications_remaining: int


def deadline_summary(deadline: Deadline, snapshot: Snapshot) -> DeadlineSummary:
    """The deadline with every application's progress, most remaining calls first."""
    found = deadline_totals(deadline, snapshot)
    ranked = deadlines_applications.rank_applications(deadline, snapshot, found.measured_from)
    applications = deadlines_applications.application_progress(ranked, deadline, snapshot, found.measured_from)
    return replace(found, applications=tuple(applications))


def deadline_totals(deadline: Deadline, snapshot: Snapshot) -> DeadlineSummary:
    """The deadline without its applications, which `deadlines.applications` reads page by page."""
    return _summaries([deadline], snapshot)[0]


def list_summaries(snapshot: Snapshot, *, past: bool = False, limit: int | None = None) -> list[DeadlineSummary]:
    """Upcoming deadlines, soonest first, or past ones, newest first; without their applications.

    The number of queries does not depend on the number of deadlines.
    """
    return _summaries(_listed(snapshot, past=past)[:limit], snapshot)


def all_summaries(snapshot: Snapshot, most_past: int) -> tuple[list[DeadlineSummary], list[DeadlineSummary]]:
    """Upcoming deadlines, and the newest of the past ones, with the queries of one list."""
    ahead, behind = _listed(snapshot, past=False), _listed(snapshot, past=True)[:most_past]
    found = _summaries([*ahead, *behind], snapshot)
    return found[: len(ahead)], found[len(ahead) :]


def burndown_days(deadline: Deadline, snapshot: Snapshot, first: date, last: date) -> list[BurndownDay]:
    """One point per day from `first` to `last`, but none after the snapshot's day; that day is still running."""
    last = min(last, snapshot.as_of, first + timedelta(days=LONGEST_SERIES))
    replacements = deadlines_applications.replacement_entries(deadline)
    rows = by_entry([*_pks(deadline), *replacements], first, last)
    retiring = [row for pk in _pks(deadline) for row in rows.get(pk, ())]
    measure, _ = choose_measure(retiring)
    old = sum_by_day(retiring, measure)
    new = sum_by_day((row for pk in replacements for row in rows.get(pk, ())), measure)
    alive = _alive_applications(_pks(deadline), first, last)
    return [
        BurndownDay(day, old.get(day, 0), new.get(day, 0), alive[n]) for n, day in enumerate(_days(first, last))
    ]


def _listed(snapshot: Snapshot, *, past: bool) -> list[Deadline]:
    deadlines = [d for d in snapshot.deadlines.values() if (d.days_left < 0) == past]
    return deadlines[::-1] if past else deadlines


def _summaries(deadlines: Sequence[Deadline], snapshot: Snapshot) -> list[DeadlineSummary]:
    if not deadlines:
        return []
    as_of = snapshot.as_of
    first_data = EntryTraffic.objects.aggregate(first=Min("day"))["first"] or as_of
    starts = [min(max(d.known_on - deadlines_forecast.LEAD_DAYS * DAY, first_data), as_of) for d in deadlines]
    replacements = {d.key: deadlines_applications.replacement_entries(d) for d in deadlines}
    entries_called = called_entries(pk for d in deadlines for pk in (*_pks(d), *replacements[d.key]))
    everything = [pk for d in deadlines for pk in _pks(d) if pk in entries_called]
    retiring = by_entry(everything, min(starts), as_of)
    replacing = {pk for some in replacements.values() for pk in some if pk in entries_called}
    replaced = by_entry(replacing, last_7_days(as_of)[0], as_of)
    callers: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    known = Finding.objects.existing_on(as_of, snapshot, everything).order_by()
    resolutions = known.values_list("entry_id", "application_id", "resolved_on")  # type: ignore[misc]
    for entry, application, resolved_on in fetch_raw(resolutions):
        callers[entry].append((application, resolved_on))
    return [
        _summarise(
            deadline,
            start,
            {pk: [r for r in retiring[pk] if r.day >= start] for pk in _pks(deadline) if pk in retiring},
            [row for pk in replacements[deadline.key] for row in replaced.get(pk, ())],
            [caller for pk in _pks(deadline) for caller in callers.get(pk, ())],
        )
        for deadline, start in zip(deadlines, starts, strict=True)
    ]


def _summarise(
    deadline: Deadline,
    start: date,
    retiring: dict[int, list[TrafficDay]],
    replaced: Collection[TrafficDay],
    callers: Collection[tuple[int, int | None]],
) -> DeadlineSummary:
    as_of = deadline.as_of
    rows = [row for some in retiring.values() for row in some]
    measure, incomplete = choose_measure(rows)
    daily = sum_by_day(rows, measure)
    highest = deadlines_forecast.baseline(daily, start, as_of)
    remaining = deadlines_forecast.recent_mean(daily, start, as_of)
    replacement = deadlines_forecast.recent_mean(sum_by_day(replaced, measure), start, as_of)
    alive = {application for application, resolved_on in callers if resolved_on is None}
    total = {application for application, _ in callers}
    return DeadlineSummary(
        platform=deadline.platform,
        sunset_on=deadline.sunset_on,
        as_of=as_of,
        days_left=deadline.days_left,
        known_on=deadline.known_on,
        measured_from=start,
        measure=measure,
        incomplete=incomplete,
        applications_total=len(total),
        applications_done=len(total - alive),
        baseline=highest,
        remaining=remaining,
        progress=deadlines_forecast.progress(highest, remaining),
        replacement=replacement,
        replacement_share=deadlines_forecast.share(replacement, remaining),
        failing_per_day=_failing(deadline, start, retiring, measure),
        forecast=deadlines_forecast.forecast(daily, start, as_of, deadline.sunset_on),
    )


def _failing(deadline: Deadline, start: date, retiring: dict[int, list[TrafficDay]], measure: str) -> float:
    as_of = deadline.as_of
    failing = {e.pk for e in deadline.entries if e.on_sunset != "redirects"}
    if as_of <= deadline.sunset_on:
        will_fail = [row for pk in failing for row in retiring.get(pk, ()) if row.day >= last_7_days(as_of)[0]]
        return deadlines_forecast.recent_mean(sum_by_day(will_fail, measure), start, as_of)
    daily: dict[date, float] = defaultdict(float)
    for pk, rows in retiring.items():
        for row in rows:
            if row.failed is not None:
                daily[row.day] += row.failed
            elif pk in failing:  # the source reports no failures; the platform says that all calls fail
                daily[row.day] += row.value(measure)
    return deadlines_forecast.recent_mean(daily, max(start, deadline.sunset_on), as_of)


def _alive_applications(entries: list[int], first: date, last: date) -> list[int]:
    """Per day: how many applications have a finding alive on any of the entries."""
    length = max((last - first).days + 1, 0)
    periods = OpenPeriod.objects.filter(finding__entry__in=entries, opened_on__lte=last).order_by(
        "finding__application_id", "opened_on"
    )
    begin = day_number(first)
    changes = [0] * (length + 1)
    current, covered_until = None, 0
    rows = fetch_raw(periods.values_list("finding__application_id", "opened_on", "resolved_on"))
    for application, opened, resolved in rows:
        start = max(opened - begin, covered_until if application == current else 0, 0)
        end = length if resolved is None else min(resolved - begin, length)
        if start < end:
            changes[start] += 1
            changes[end] -= 1
        covered_until = max(end, covered_until) if application == current else end
        current = application
    return list(accumulate(changes[:length]))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def _pks(deadline: Deadline) -> list[int]:
    return [entry.pk for entry in deadline.entries]
