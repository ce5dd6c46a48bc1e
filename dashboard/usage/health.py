"""How sources are doing: what pages show of them at a glance."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext

from dashboard.usage.models import DailyRollup, RejectedLine, Source, SourceKind, Stream

__all__ = ["DAYS", "SourceHealth", "newest_rejected", "newest_streams", "source_health"]

DAYS = 30


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as of a day. Totals of lines are of all that was read until now, calls are up to the day.

    `calls` are the calls per day of the last 30 days, the day itself last; `last_day` is the newest day
    with usage, so a silent source is told apart from a quiet application. `next_poll_at` is None for
    imports and paused sources. `problem` is a sentence, "" when all is well.
    """

    source: Source
    files: int
    accepted: int
    rejected: int
    duplicates: int
    skipped: int
    read_at: datetime | None
    polled_at: datetime | None
    next_poll_at: datetime | None
    last_day: date | None
    silent_days: int | None
    calls: tuple[int, ...]
    problem: str


def source_health(as_of: date, now: datetime) -> list[SourceHealth]:
    """Every source in order of its name: four queries, whatever their number."""
    sources = list(Source.objects.order_by("name"))
    totals = {row["source"]: row for row in _totals()}
    newest = dict(DailyRollup.objects.filter(day__lte=as_of).order_by().values_list("source").annotate(Max("day")))
    first = as_of - timedelta(days=DAYS - 1)
    calls: dict[int, dict[date, int]] = defaultdict(dict)
    recent = DailyRollup.objects.filter(day__gte=first, day__lte=as_of).order_by()
    for source, day, number in recent.values_list("source", "day").annotate(Sum("calls")):
        calls[source][day] = number or 0
    days = [first + timedelta(days=n) for n in range(DAYS)]
    return [
        _health(
            source,
            totals.get(source.pk, {}),
            newest.get(source.pk),
            tuple(calls[source.pk].get(day, 0) for day in days),
            as_of,
            now,
        )
        for source in sources
    ]


def newest_rejected(source: Source, limit: int = 50) -> list[RejectedLine]:
    """The newest lines that could not be counted, with place, reason and redacted sample."""
    return list(RejectedLine.objects.newest(source, limit))


def newest_streams(source: Source, limit: int = 50) -> list[Stream]:
    """The files read last."""
    return list(Stream.objects.newest(source, limit))


def _totals():
    return (
        Stream.objects.order_by()
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


def _health(
    source: Source, totals: dict, last_day: date | None, calls: tuple[int, ...], as_of: date, now: datetime
) -> SourceHealth:
    polls = source.kind != SourceKind.IMPORT and not source.paused
    next_poll = None
    problem = source.problem
    if polls:
        next_poll = (source.polled_at or now) + timedelta(seconds=source.poll_seconds)
        if not problem and now - next_poll > timedelta(seconds=max(300, 3 * source.poll_seconds)):
            problem = gettext("It was not polled since %(time)s UTC") % {
                "time": f"{source.polled_at:%Y-%m-%d %H:%M}"
            }
    return SourceHealth(
        source=source,
        files=totals.get("files", 0),
        accepted=totals.get("accepted", 0),
        rejected=totals.get("rejected", 0),
        duplicates=totals.get("duplicates", 0),
        skipped=totals.get("skipped", 0),
        read_at=totals.get("read_at"),
        polled_at=source.polled_at,
        next_poll_at=next_poll,
        last_day=last_day,
        silent_days=(as_of - last_day).days if last_day else None,
        calls=calls,
        problem=problem,
    )
