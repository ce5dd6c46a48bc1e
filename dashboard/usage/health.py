"""The health of sources: when each last reported, its polls and problems, its calls per day.

The activity of a thousand sources takes a few queries; the details are read for those on a page only.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Count, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.utils.translation import gettext

from dashboard.core.fields import day_number, day_of
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.measure import choose_measure
from dashboard.usage.models import DailyRollup, RejectedLine, Source, Stream, SyncWindow
from dashboard.usage.silence import LONGEST_PAUSE, SILENT_AFTER, WINDOW, is_silent, usual_pause

__all__ = [
    "DAYS",
    "LastReport",
    "SourceActivity",
    "SourceHealth",
    "add_details",
    "last_reports",
    "newest_rejected",
    "reasons",
    "source_activity",
    "source_health",
]

DAYS = 30
# Looks up two days of hours in the (hour, source) index instead of reading their rollups.
NEWEST_HOURS = """
WITH RECURSIVE hours (hour) AS (
    SELECT CAST(%s AS INTEGER) UNION ALL SELECT hour + 1 FROM hours WHERE hour < %s
)
SELECT s.id, MAX(h.hour) FROM usage_source s CROSS JOIN hours h
WHERE s.id IN ({sources})
  AND EXISTS (SELECT 1 FROM usage_hourlyrollup r WHERE r.hour = h.hour AND r.source_id = s.id)
GROUP BY s.id
"""
# One statement, so that a day whose sums are refilled meanwhile is neither left out nor counted twice.
PER_DAY = """
SELECT source_id, day, calls, input_tokens FROM usage_sourceday
WHERE source_id IN ({sources}) AND day BETWEEN %s AND %s AND day NOT IN (SELECT day FROM usage_staleday)
UNION ALL
SELECT source_id, day, CAST(SUM(calls) AS BIGINT), CAST(SUM(input_tokens) AS BIGINT) FROM usage_dailyrollup
WHERE source_id IN ({sources}) AND day IN (SELECT day FROM usage_staleday WHERE day BETWEEN %s AND %s)
GROUP BY source_id, day
"""
NOTHING = {"files": 0, "accepted": 0, "rejected": 0, "duplicates": 0, "skipped": 0, "read_at": None}


@dataclass(frozen=True, slots=True)
class LastReport:
    """When a source last reported usage, as of a day.

    `last_day` is its newest day with usage, `silent_days` the days since then; both are None before its first
    record. `pause` is its usual number of days without a record (`silence.usual_pause`).
    """

    source: Source
    last_day: date | None
    silent_days: int | None
    pause: int

    @property
    def is_silent(self) -> bool:
        return is_silent(self.silent_days, self.pause)


@dataclass(frozen=True, slots=True)
class SourceActivity(LastReport):
    """Where one source stands on a day: enough to tell which of them need somebody.

    `next_poll_at` is None for what is never polled and for paused sources. `problem` is a sentence, "" when all
    is well.
    """

    next_poll_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as of a day. Totals of lines are of all that was read until now, calls are up to the day.

    `calls` are the calls per day of the last 30 days, the day itself last; of a source that does not
    report calls they are input tokens, and `measure` says so. `newest_hour` (UTC) is the newest with a record, if
    it lies on the day or the one before.
    """

    activity: SourceActivity
    files: int
    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    read_at: datetime | None
    newest_hour: datetime | None
    calls: tuple[int, ...]
    measure: str

    @property
    def source(self) -> Source:
        return self.activity.source

    @property
    def last_day(self) -> date | None:
        return self.activity.last_day

    @property
    def silent_days(self) -> int | None:
        return self.activity.silent_days

    @property
    def polled_at(self) -> datetime | None:
        return self.source.polled_at

    @property
    def next_poll_at(self) -> datetime | None:
        return self.activity.next_poll_at

    @property
    def problem(self) -> str:
        return self.activity.problem


def source_health(as_of: date, now: datetime) -> list[SourceHealth]:
    """Every source in order of its name, with its details."""
    return add_details(source_activity(as_of, now), as_of)


def source_activity(as_of: date, now: datetime, slug: str = "") -> list[SourceActivity]:
    """The activity of every source (or of the one with this slug), in order of names: two queries."""
    wanted = Source.objects.filter(slug=slug) if slug else Source.objects.all()
    return [
        SourceActivity(
            source=report.source,
            last_day=report.last_day,
            silent_days=report.silent_days,
            pause=report.pause,
            next_poll_at=_next_poll(report.source, now),
            problem=_problem(report.source, now),
        )
        for report in last_reports(wanted, as_of)
    ]


def last_reports(sources: QuerySet[Source], as_of: date) -> list[LastReport]:
    """When each of these sources last reported, in order of names: two queries."""
    days = DailyRollup.objects.filter(source=OuterRef("pk"), day__lte=as_of).order_by("-day").values("day")[:1]
    found = list(sources.order_by("name").annotate(last_day=Subquery(days)))
    late = {s.pk for s in found if s.last_day and SILENT_AFTER < (as_of - s.last_day).days <= LONGEST_PAUSE}
    pauses = _pauses(late, as_of)
    return [
        LastReport(
            source=source,
            last_day=source.last_day,
            silent_days=(as_of - source.last_day).days if source.last_day else None,
            pause=pauses.get(source.pk, 1),
        )
        for source in found
    ]


def add_details(found: Iterable[SourceActivity], as_of: date) -> list[SourceHealth]:
    """The details of some sources, in their order: three queries."""
    listed = list(found)
    pks = [activity.source.pk for activity in listed]
    totals = {row.pop("source"): row for row in _totals(pks)}
    hours = _newest_hours(pks, as_of)
    per_day = _per_day(pks, as_of)
    days = [as_of - timedelta(days=n) for n in range(DAYS)][::-1]
    healths = []
    for activity in listed:
        pk = activity.source.pk
        by_day = per_day.get(pk, {})
        measure, _ = choose_measure(by_day.values())
        line = tuple((by_day.get(day, (0, 0))[0 if measure == "calls" else 1]) or 0 for day in days)
        healths.append(
            SourceHealth(
                activity=activity,
                newest_hour=hours.get(pk),
                calls=line,
                measure=measure,
                **totals.get(pk, NOTHING),
            )
        )
    return healths


def newest_rejected(source: Source, limit: int = 50) -> list[RejectedLine]:
    """The newest lines that could not be counted, with place, reason and redacted sample."""
    return list(RejectedLine.objects.newest(source, limit))


def reasons(source: Source, limit: int = 5) -> list[tuple[str, int]]:
    """Why lines were rejected, most frequent first, among the stored ones (a thousand at most)."""
    kept = RejectedLine.objects.filter(source=source).order_by()
    return list(kept.values_list("reason").annotate(n=Count("pk")).order_by("-n", "reason")[:limit])


def _pauses(pks: Iterable[int], as_of: date) -> dict[int, int]:
    """The usual pause of some sources, in days."""
    if not pks:
        return {}
    first = as_of - timedelta(days=WINDOW + LONGEST_PAUSE)
    reported = DailyRollup.objects.filter(source__in=pks, day__gte=first, day__lte=as_of).order_by()
    days: dict[int, list[date]] = defaultdict(list)
    for source, day in reported.values_list("source", "day").distinct():
        days[source].append(day)
    start = timedelta(days=WINDOW)
    return {pk: usual_pause(day for day in found if day >= max(found) - start) for pk, found in days.items()}


def _per_day(pks: list[int], as_of: date) -> dict[int, dict[date, tuple[int | None, int | None]]]:
    """Calls and input tokens per source and day."""
    found: dict[int, dict[date, tuple[int | None, int | None]]] = defaultdict(dict)
    if not pks:
        return found
    days = day_number(as_of) - DAYS + 1, day_number(as_of)
    with connection.cursor() as cursor:
        cursor.execute(PER_DAY.format(sources=", ".join(["%s"] * len(pks))), [*pks, *days, *pks, *days])
        for source, day, calls, tokens in cursor.fetchall():
            found[source][day_of(day)] = calls, tokens
    return found


def _newest_hours(pks: list[int], as_of: date) -> dict[int, datetime]:
    if not pks:
        return {}
    first = day_number(as_of - timedelta(days=1)) * 24
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_HOURS.format(sources=", ".join(["%s"] * len(pks))), [first, first + 47, *pks])
        return {pk: datetime.fromtimestamp(hour * 3600, UTC) for pk, hour in cursor.fetchall()}


def _totals(pks: list[int]) -> list[dict[str, Any]]:
    """What was read of each source until now, from its checkpoints or its sync windows: one query."""
    sums = {"accepted": Sum("accepted"), "rejected": Sum("rejected")}
    none = Value(0, BigIntegerField())
    files: QuerySet[Any, Any] = Stream.objects.filter(source__in=pks).order_by().values("source")
    windows: QuerySet[Any, Any] = SyncWindow.objects.filter(source__in=pks).order_by().values("source")
    of_files = files.annotate(
        **sums,
        files=Count("pk", filter=Q(inode__gt=0)),
        duplicates=Sum("duplicates"),
        skipped=Sum("skipped"),
        read_at=Max("read_at"),
    )
    of_windows = windows.annotate(**sums, files=none, duplicates=none, skipped=none, read_at=Max("read_at"))
    return list(of_files.union(of_windows, all=True))


def _next_poll(source: Source, now: datetime) -> datetime | None:
    if source.paused or not connector_for(source.kind).is_polled:
        return None
    return (source.polled_at or now) + timedelta(seconds=source.poll_seconds)


def _problem(source: Source, now: datetime) -> str:
    """The problem of the last poll, or that there was no poll for far too long."""
    due = _next_poll(source, now)
    if source.problem or not due or now - due <= timedelta(seconds=max(300, 3 * source.poll_seconds)):
        return source.problem
    return gettext("It was not polled since %(time)s UTC") % {"time": f"{source.polled_at:%Y-%m-%d %H:%M}"}
