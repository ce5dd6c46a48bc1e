"""Daily traffic as plain numbers: per entry and day, or per application and day. Days are UTC."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import IntegerField, QuerySet, Sum
from django.db.models.functions import Cast

from dashboard.core.fields import day_of
from dashboard.findings.models import EntryCaller, EntryTraffic, Traffic
from dashboard.usage.measure import Measure
from dashboard.usage.measure import choose_measure as choose_measure_of_sums

__all__ = [
    "TrafficDay",
    "applications_without_counts",
    "by_application",
    "by_entry",
    "called_entries",
    "calls_7d",
    "choose_measure",
    "fetch_raw",
    "last_7_days",
    "recent_calls",
    "sum_by_day",
]

NUMBER = Cast("day", IntegerField())
"""A day as its number: converting thousands of dates would take longer than the query."""
MEASURES = ("calls", "input_tokens", "output_tokens", "errors", "gone")


class TrafficDay(NamedTuple):
    """Sums of one day; None where no source reports it. `failed`: calls with an error or to a gone model."""

    day: date
    calls: int | None
    tokens: int | None
    failed: int | None

    def value(self, measure: str) -> int:
        return (self.tokens if measure == "tokens" else self.calls) or 0


def last_7_days(as_of: date) -> tuple[date, date]:
    """The first and the last of the seven complete days before `as_of`: what *calls in the last 7 days* means.

    `as_of` itself is not over and does not count.
    """
    return as_of - timedelta(days=7), as_of - timedelta(days=1)


def calls_7d(pairs: Iterable[tuple[int, int]], as_of: date) -> dict[tuple[int, int], int | None]:
    """Calls of the last 7 days per (application, entry), for the rows of a list.

    0 where nobody called, None where no source counted the calls.
    """
    wanted = list(pairs)
    rows = (
        Traffic.objects.filter(
            application__in={application for application, _ in wanted},
            entry__in={entry for _, entry in wanted},
            day__range=last_7_days(as_of),
        )
        .order_by()
        .values_list("application", "entry")
        .annotate(n=Sum("calls"))
    )
    sums = {(application, entry): n for application, entry, n in rows}
    return {pair: sums.get(pair, 0) for pair in wanted}


def by_entry(entries: Iterable[int], first: date, last: date) -> dict[int, list[TrafficDay]]:
    """The days of each entry, summed over all applications; both ends included."""
    traffic = EntryTraffic.objects.filter(entry__in=list(entries), day__range=(first, last)).order_by()
    return _rows(fetch_raw(traffic.values_list("entry_id", "day", *MEASURES)))


def called_entries(entries: Iterable[int]) -> set[int]:
    """Those of the entries that any application ever called: most of a catalog is never called."""
    callers = EntryCaller.objects.order_by().values_list("entry_id", flat=True).distinct()
    return set(entries).intersection(callers)


def by_application(
    entries: Iterable[int],
    first: date,
    last: date,
    applications: Collection[int] | None = None,
    *,
    calls_only: bool = False,
) -> dict[int, list[TrafficDay]]:
    """The days of each application (or of some), summed over the entries; both ends included.

    `calls_only` leaves the other fields None; an index-only scan answers that.
    """
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last)).order_by()
    if applications is not None:
        traffic = traffic.filter(application__in=applications)
    sums = {f"{name}_sum": Sum(name) for name in (MEASURES[:1] if calls_only else MEASURES)}
    rows = traffic.values_list("application_id", NUMBER).annotate(**sums)
    if not calls_only:
        return _rows(rows)
    found: dict[int, list[TrafficDay]] = defaultdict(list)
    for application, day, calls in fetch_raw(rows):
        number = None if calls is None else int(calls)  # PostgreSQL sums to decimals
        found[application].append(TrafficDay(day_of(day), number, None, None))
    return found


def fetch_raw(rows: QuerySet) -> list[tuple]:
    """The rows of a query without Django's converters, which take longer than reading thousands of rows."""
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def recent_calls(entries: Iterable[int], first: date, last: date) -> dict[int, int]:
    """Calls of each application over some days, both included; uncounted calls are left out."""
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last)).order_by()
    sums = traffic.values_list("application_id").annotate(n=Sum("calls"))
    return {application: calls or 0 for application, calls in sums}


def applications_without_counts(entries: Iterable[int], first: date, last: date) -> set[int]:
    """Applications with days whose calls to these entries were not counted."""
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last), calls=None)
    return set(traffic.order_by().values_list("application_id", flat=True).distinct())


def choose_measure(rows: Iterable[TrafficDay]) -> tuple[Measure, bool]:
    """Whether to measure these days in calls or tokens, and whether that leaves some of them out."""
    return choose_measure_of_sums((row.calls, row.tokens) for row in rows)


def sum_by_day(rows: Iterable[TrafficDay], measure: str) -> dict[date, int]:
    """Calls or tokens per day, several rows of one day added up."""
    daily: dict[date, int] = defaultdict(int)
    for row in rows:
        daily[row.day] += row.value(measure)
    return daily


def _rows(sums: Iterable[tuple]) -> dict[int, list[TrafficDay]]:
    found: dict[int, list[TrafficDay]] = defaultdict(list)
    for key, day, calls, tokens_in, tokens_out, errors, gone in sums:
        tokens = None if tokens_in is None and tokens_out is None else (tokens_in or 0) + (tokens_out or 0)
        failed = None if errors is None and gone is None else max(errors or 0, gone or 0)
        found[key].append(TrafficDay(day_of(day), calls, tokens, failed))
    return found
