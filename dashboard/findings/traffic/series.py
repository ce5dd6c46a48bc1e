"""Daily sums as plain numbers, the way deadlines read them: per entry and day, or per application and day."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import IntegerField, QuerySet, Sum
from django.db.models.functions import Cast

from dashboard.core.fields import day_of
from dashboard.findings.models import EntryCaller, EntryTraffic, Traffic

__all__ = [
    "TrafficDay",
    "applications_without_counts",
    "by_application",
    "by_entry",
    "called_entries",
    "choose_measure",
    "fetch_raw",
    "recent_calls",
    "sum_by_day",
]

NUMBER = Cast("day", IntegerField())
"""A day as its number: reading thousands of dates one by one would take longer than the query."""
MEASURES = ("calls", "input_tokens", "output_tokens", "errors", "gone")


class TrafficDay(NamedTuple):
    """Sums of one day; None where no source reports it. `failed`: calls that failed, in whichever way."""

    day: date
    calls: int | None
    tokens: int | None
    failed: int | None

    def value(self, measure: str) -> int:
        return (self.tokens if measure == "tokens" else self.calls) or 0


def by_entry(entries: Iterable[int], first: date, last: date) -> dict[int, list[TrafficDay]]:
    """Of each entry, all applications together, both days included."""
    traffic = EntryTraffic.objects.filter(entry__in=list(entries), day__range=(first, last)).order_by()
    return _rows(fetch_raw(traffic.values_list("entry_id", "day", *MEASURES)))


def called_entries(entries: Iterable[int]) -> set[int]:
    """Those of many entries that anybody ever called: a catalog has a thousand that nobody did."""
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
    """Of each application (or of some), the entries together, both days included.

    `calls_only` leaves the rest unknown; an index alone answers that.
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
    """The rows of a query as the database gives them: converters would take longer than reading thousands."""
    try:
        statement, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def recent_calls(entries: Iterable[int], first: date, last: date) -> dict[int, int]:
    """Calls of each application over some days, without those that nobody counted."""
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last)).order_by()
    sums = traffic.values_list("application_id").annotate(n=Sum("calls"))
    return {application: calls or 0 for application, calls in sums}


def applications_without_counts(entries: Iterable[int], first: date, last: date) -> set[int]:
    """Applications of which some calls to these entries were not counted."""
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last), calls=None)
    return set(traffic.order_by().values_list("application_id", flat=True).distinct())


def choose_measure(rows: Collection[TrafficDay]) -> tuple[str, bool]:
    """What to count these rows by, and whether that leaves some of them out."""
    without = sum(row.calls is None for row in rows)
    if not without:
        return "calls", False
    if without == len(rows) or all(row.tokens is not None for row in rows):
        return "tokens", any(row.tokens is None for row in rows)
    return "calls", True


def sum_by_day(rows: Iterable[TrafficDay], measure: str) -> dict[date, int]:
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
