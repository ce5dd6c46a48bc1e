"""Progress and forecast of deadlines: numbers from daily sums up to the snapshot's day, and nothing after it.

Means are per day over complete days (`progress.py`). `measure` says what is counted: "calls", or "tokens"
where a source reports no call count. Replacement figures cover every caller of the announced
replacements, also those who never called a retiring entry.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Min, Sum

from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings import progress
from dashboard.findings.choices import Status
from dashboard.findings.models import Finding, Spell, Traffic
from dashboard.findings.progress import Forecast

__all__ = ["ApplicationProgress", "DayPoint", "DeadlineSummary", "list_summaries", "series", "summary"]

LONGEST_SERIES = 1500
URGENCY = (
    Status.REGRESSED,
    Status.OPEN,
    Status.ACKNOWLEDGED,
    Status.SNOOZED,
    Status.EXEMPT,
    Status.RESOLVED,
)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ApplicationProgress:
    """One application's way off a deadline's entries. `status` is the most urgent of its findings'."""

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
    """After the sunset, failed calls per day as seen; before it, calls per day on entries that will fail."""
    forecast: Forecast
    applications: tuple[ApplicationProgress, ...] = ()


@dataclass(frozen=True, slots=True)
class DayPoint:
    """One day of a burn-down. `applications_remaining`: those with a finding alive that day."""

    day: date
    retiring: int
    replacement: int
    applications_remaining: int


@dataclass(frozen=True, slots=True)
class _Row:
    """Sums of one day, by entry or application."""

    key: int
    day: date
    calls: int | None
    tokens: int | None
    failed: int | None

    def value(self, measure: str) -> int:
        return (self.tokens if measure == "tokens" else self.calls) or 0


def summary(deadline: Deadline, snapshot: Snapshot) -> DeadlineSummary:
    """The deadline with every application's progress, most remaining calls first."""
    (found,) = _summaries([deadline], snapshot)
    entries = _pks(deadline)
    rows: dict[int, list[_Row]] = defaultdict(list)
    for row in _rows(entries, found.measured_from, snapshot.as_of, "application"):
        rows[row.key].append(row)
    replaced: dict[int, list[_Row]] = defaultdict(list)
    for row in _rows(_replacements(deadline), _week(snapshot.as_of), snapshot.as_of, "application"):
        replaced[row.key].append(row)
    findings: dict[int, list[Finding]] = defaultdict(list)
    known = Finding.objects.as_of(snapshot.as_of, snapshot).for_entries(entries)
    for finding in known.select_related("application"):
        findings[finding.application_id].append(finding)
    applications = [_application(found, some, rows[pk], replaced[pk]) for pk, some in findings.items()]
    applications.sort(key=lambda a: (-a.remaining, a.done, a.name, a.pk))
    return replace(found, applications=tuple(applications))


def list_summaries(snapshot: Snapshot, *, past: bool = False, limit: int | None = None) -> list[DeadlineSummary]:
    """Upcoming deadlines, soonest first, or past ones, newest first; without their applications.

    The number of queries does not depend on the number of deadlines.
    """
    deadlines = [d for d in snapshot.deadlines.values() if (d.days_left < 0) == past]
    if past:
        deadlines.reverse()
    return _summaries(deadlines[:limit], snapshot)


def series(deadline: Deadline, snapshot: Snapshot, first: date, last: date) -> list[DayPoint]:
    """One point per day from `first` to `last`, but none after the snapshot's day; that day is still running."""
    last = min(last, snapshot.as_of, first + timedelta(days=LONGEST_SERIES))
    retiring = list(_rows(_pks(deadline), first, last, "entry"))
    replacement = list(_rows(_replacements(deadline), first, last, "entry"))
    measure, _ = _measure(retiring)
    old, new = _daily(retiring, measure), _daily(replacement, measure)
    alive = _alive_applications(_pks(deadline), first, last)
    return [DayPoint(day, old.get(day, 0), new.get(day, 0), alive[n]) for n, day in enumerate(_days(first, last))]


def _summaries(deadlines: Sequence[Deadline], snapshot: Snapshot) -> list[DeadlineSummary]:
    if not deadlines:
        return []
    as_of = snapshot.as_of
    first_data = Traffic.objects.aggregate(first=Min("day"))["first"] or as_of
    starts = {id(d): min(max(d.known_on - progress.LEAD_DAYS * DAY, first_data), as_of) for d in deadlines}
    retiring: dict[int, list[_Row]] = defaultdict(list)
    everything = [pk for d in deadlines for pk in _pks(d)]
    for row in _rows(everything, min(starts.values()), as_of, "entry"):
        retiring[row.key].append(row)
    replaced: dict[int, list[_Row]] = defaultdict(list)
    for row in _rows({pk for d in deadlines for pk in _replacements(d)}, _week(as_of), as_of, "entry"):
        replaced[row.key].append(row)
    callers: dict[int, list[tuple[int, str]]] = defaultdict(list)
    known = Finding.objects.as_of(as_of, snapshot).for_entries(everything)
    rows = known.order_by().values_list("entry", "application", "status")  # type: ignore[misc]
    for entry, application, status in rows:
        callers[entry].append((application, status))
    return [
        _summarise(
            deadline,
            starts[id(deadline)],
            {pk: [r for r in retiring[pk] if r.day >= starts[id(deadline)]] for pk in _pks(deadline)},
            [row for pk in _replacements(deadline) for row in replaced[pk]],
            [caller for pk in _pks(deadline) for caller in callers[pk]],
        )
        for deadline in deadlines
    ]


def _summarise(
    deadline: Deadline,
    start: date,
    retiring: dict[int, list[_Row]],
    replaced: list[_Row],
    callers: list[tuple[int, str]],
) -> DeadlineSummary:
    as_of = deadline.as_of
    rows = [row for some in retiring.values() for row in some]
    measure, incomplete = _measure(rows)
    daily = _daily(rows, measure)
    highest = progress.baseline(daily, start, as_of)
    remaining = progress.recent_mean(daily, start, as_of)
    replacement = progress.recent_mean(_daily(replaced, measure), start, as_of)
    alive = {application for application, status in callers if status != Status.RESOLVED}
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
        progress=progress.progress(highest, remaining),
        replacement=replacement,
        replacement_share=progress.share(replacement, remaining),
        failing_per_day=_failing(deadline, start, retiring, measure),
        forecast=progress.forecast(daily, start, as_of, deadline.sunset_on),
    )


def _application(
    found: DeadlineSummary, findings: list[Finding], rows: list[_Row], replaced: list[_Row]
) -> ApplicationProgress:
    application = findings[0].application
    measure, _ = _measure(rows)
    daily = _daily(rows, measure)
    start, as_of = found.measured_from, found.as_of
    highest = progress.baseline(daily, start, as_of)
    remaining = progress.recent_mean(daily, start, as_of)
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
        progress=progress.progress(highest, remaining),
        last_call_on=max(days, default=None),
        status=next(status.value for status in URGENCY if status in statuses),
        done=statuses == {Status.RESOLVED},
        forecast=progress.forecast(daily, start, as_of, found.sunset_on),
        replacement=progress.recent_mean(_daily(replaced, measure), start, as_of),
        measure=measure,
    )


def _failing(deadline: Deadline, start: date, retiring: dict[int, list[_Row]], measure: str) -> float:
    as_of = deadline.as_of
    failing = {e.pk for e in deadline.entries if e.on_sunset != "redirects"}
    if as_of <= deadline.sunset_on:
        doomed = [row for pk in failing for row in retiring[pk]]
        return progress.recent_mean(_daily(doomed, measure), start, as_of)
    daily: dict[date, float] = defaultdict(float)
    for pk, rows in retiring.items():
        for row in rows:
            if row.failed is not None:
                daily[row.day] += row.failed
            elif pk in failing:  # the source does not tell failures; the platform says that all calls fail
                daily[row.day] += row.value(measure)
    return progress.recent_mean(daily, max(start, deadline.sunset_on), as_of)


def _rows(entries: Iterable[int], first: date, last: date, key: str) -> Iterator[_Row]:
    """Sums per (entry or application, day), both days included."""
    sums = (
        Traffic.objects.filter(entry__in=list(entries), day__range=(first, last))
        .order_by()
        .values_list(key, "day")
        .annotate(*(Sum(name) for name in ("calls", "input_tokens", "output_tokens", "errors", "gone")))
    )
    for pk, day, calls, tokens_in, tokens_out, errors, gone in sums:
        tokens = None if tokens_in is None and tokens_out is None else (tokens_in or 0) + (tokens_out or 0)
        failed = None if errors is None and gone is None else max(errors or 0, gone or 0)
        yield _Row(pk, day, calls, tokens, failed)


def _measure(rows: list[_Row]) -> tuple[str, bool]:
    """What to count these rows by, and whether that leaves some of them out."""
    uncounted = [row for row in rows if row.calls is None]
    if not uncounted:
        return "calls", False
    if len(uncounted) == len(rows) or all(row.tokens is not None for row in rows):
        return "tokens", any(row.tokens is None for row in rows)
    return "calls", True


def _daily(rows: Iterable[_Row], measure: str) -> dict[date, int]:
    daily: dict[date, int] = defaultdict(int)
    for row in rows:
        daily[row.day] += row.value(measure)
    return daily


def _alive_applications(entries: list[int], first: date, last: date) -> list[int]:
    """Per day: how many applications have a finding alive on any of the entries."""
    spells = Spell.objects.filter(finding__entry__in=entries, opened_on__lte=last)
    days = [0] * max((last - first).days + 1, 0)
    alive: dict[int, set[int]] = defaultdict(set)
    for application, opened, resolved in spells.values_list("finding__application", "opened_on", "resolved_on"):
        end = min(resolved, last + DAY) if resolved else last + DAY
        alive[application].update(range(max((opened - first).days, 0), (end - first).days))
    for numbers in alive.values():
        for n in numbers:
            days[n] += 1
    return days


def _days(first: date, last: date) -> Iterator[date]:
    return (first + n * DAY for n in range((last - first).days + 1))


def _week(as_of: date) -> date:
    return as_of - progress.WINDOW_DAYS * DAY


def _pks(deadline: Deadline) -> list[int]:
    return [entry.pk for entry in deadline.entries]


def _replacements(deadline: Deadline) -> list[int]:
    """The announced replacements, without entries that retire with the deadline themselves."""
    retiring = set(_pks(deadline))
    return sorted({pk for e in deadline.entries for pk in e.replacements} - retiring)
