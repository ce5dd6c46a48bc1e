"""How sources are doing: what pages show of them at a glance.

Where each of a thousand sources stands takes a few queries; the rest is asked for those on the page.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Max, OuterRef, Q, Subquery, Sum
from django.utils.translation import gettext

from dashboard.core.fields import day_number, day_of
from dashboard.usage.models import DailyRollup, RejectedLine, Source, SourceKind, Stream
from dashboard.usage.silence import LONGEST_PAUSE, SILENT_AFTER, WINDOW, is_silent, usual_pause

__all__ = [
    "DAYS",
    "SourceActivity",
    "SourceHealth",
    "add_details",
    "newest_rejected",
    "newest_streams",
    "reasons",
    "source_activity",
    "source_health",
]

DAYS = 30
UNPOLLED = frozenset({SourceKind.IMPORT, SourceKind.PUSH})
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
# One statement, so that a day whose sums are made anew meanwhile is neither left out nor told twice.
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
class SourceActivity:
    """Where one source stands on a day: enough to tell which of them need somebody.

    `last_day` is the newest day with usage; `pause` the days without a word that it is used to (`silence`).
    `next_poll_at` is None for what is never polled and for paused sources. `problem` is a sentence, "" when all
    is well.
    """

    source: Source
    last_day: date | None
    silent_days: int | None
    pause: int
    next_poll_at: datetime | None
    problem: str

    @property
    def is_silent(self) -> bool:
        return is_silent(self.silent_days, self.pause)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as of a day. Totals of lines are of all that was read until now, calls are up to the day.

    `calls` are the calls per day of the last 30 days, the day itself last; of a source that tells no number
    of calls they are input tokens, and `measure` says so. `newest_hour` (UTC) is the newest with a record, if
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
    """Every source in order of its name, with all there is to tell."""
    return add_details(source_activity(as_of, now), as_of)


def source_activity(as_of: date, now: datetime, slug: str = "") -> list[SourceActivity]:
    """Where every source (or the one of this short name) stands, in order of names: two queries."""
    told = DailyRollup.objects.filter(source=OuterRef("pk"), day__lte=as_of).order_by("-day").values("day")[:1]
    wanted = Source.objects.filter(slug=slug) if slug else Source.objects.all()
    sources = list(wanted.order_by("name").annotate(last_day=Subquery(told)))
    late = {s.pk for s in sources if s.last_day and SILENT_AFTER < (as_of - s.last_day).days <= LONGEST_PAUSE}
    pauses = _pauses(late, as_of)
    return [
        SourceActivity(
            source=source,
            last_day=source.last_day,
            silent_days=(as_of - source.last_day).days if source.last_day else None,
            pause=pauses.get(source.pk, 1),
            next_poll_at=_next_poll(source, now),
            problem=_problem(source, now),
        )
        for source in sources
    ]


def add_details(found: Iterable[SourceActivity], as_of: date) -> list[SourceHealth]:
    """The rest of what there is to tell of some sources, in their order: three queries."""
    listed = list(found)
    pks = [activity.source.pk for activity in listed]
    totals = {row.pop("source"): row for row in _totals(pks)}
    hours = _newest_hours(pks, as_of)
    perday = _per_day(pks, as_of)
    days = [as_of - timedelta(days=n) for n in range(DAYS)][::-1]
    healths = []
    for activity in listed:
        pk = activity.source.pk
        mine = perday.get(pk, {})
        tells_calls = any(calls is not None for calls, _tokens in mine.values()) or not mine
        line = tuple((mine.get(day, (0, 0))[0 if tells_calls else 1]) or 0 for day in days)
        healths.append(
            SourceHealth(
                activity=activity,
                newest_hour=hours.get(pk),
                calls=line,
                measure="calls" if tells_calls else "tokens",
                **totals.get(pk, NOTHING),
            )
        )
    return healths


def newest_rejected(source: Source, limit: int = 50) -> list[RejectedLine]:
    """The newest lines that could not be counted, with place, reason and redacted sample."""
    return list(RejectedLine.objects.newest(source, limit))


def newest_streams(source: Source, limit: int = 50) -> list[Stream]:
    """The files read last."""
    return list(Stream.objects.newest(source, limit))


def reasons(source: Source, limit: int = 5) -> list[tuple[str, int]]:
    """Why lines were rejected, most often first, among those that are kept (a thousand at most)."""
    kept = RejectedLine.objects.filter(source=source).order_by()
    return list(kept.values_list("reason").annotate(n=Count("pk")).order_by("-n", "reason")[:limit])


def _pauses(pks: Iterable[int], as_of: date) -> dict[int, int]:
    """The pauses that some sources are used to."""
    if not pks:
        return {}
    first = as_of - timedelta(days=WINDOW + LONGEST_PAUSE)
    told = DailyRollup.objects.filter(source__in=pks, day__gte=first, day__lte=as_of).order_by()
    days: dict[int, list[date]] = defaultdict(list)
    for source, day in told.values_list("source", "day").distinct():
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


def _totals(pks: list[int]):
    return (
        Stream.objects.filter(source__in=pks)
        .order_by()
        .values("source")
        .annotate(
            files=Count("pk", filter=Q(inode__gt=0)),
            accepted=Sum("accepted"),
            rejected=Sum("rejected"),
            duplicates=Sum("duplicates"),
            skipped=Sum("skipped"),
            read_at=Max("read_at"),
        )
    )


def _next_poll(source: Source, now: datetime) -> datetime | None:
    if source.kind in UNPOLLED or source.paused:
        return None
    return (source.polled_at or now) + timedelta(seconds=source.poll_seconds)


def _problem(source: Source, now: datetime) -> str:
    """What the last poll ran into; else that there was none for far too long."""
    due = _next_poll(source, now)
    if source.problem or not due or now - due <= timedelta(seconds=max(300, 3 * source.poll_seconds)):
        return source.problem
    return gettext("It was not polled since %(time)s UTC") % {"time": f"{source.polled_at:%Y-%m-%d %H:%M}"}
