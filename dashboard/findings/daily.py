"""Daily sums as plain numbers, the way deadlines read them: per entry and day, or per application and day."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import IntegerField, QuerySet, Sum
from django.db.models.functions import Cast

from dashboard.findings.models import Caller, Traffic
from dashboard.kit.fields import day_number, day_of

__all__ = [
    "Row",
    "by_application",
    "by_day",
    "by_entry",
    "called",
    "measure_of",
    "plain",
    "recent_calls",
    "uncounted",
]

NUMBER = Cast("day", IntegerField())
"""A day as its number: reading thousands of dates one by one would take longer than the query."""
MEASURES = ("calls", "input_tokens", "output_tokens", "errors", "gone")

# Ten thousand rows are usual: what `_rows` does to each is done in SQL, without a converter for each column.
BY_ENTRY = """
SELECT entry_id, day, calls,
    CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL
         THEN COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0) END,
    CASE WHEN errors IS NULL OR gone > errors THEN gone ELSE errors END
FROM findings_entrytraffic WHERE entry_id IN ({entries}) AND day BETWEEN %s AND %s ORDER BY entry_id, day
"""


class Row(NamedTuple):
    """Sums of one day; None where no source reports it. `failed`: calls that failed, in whichever way."""

    day: date
    calls: int | None
    tokens: int | None
    failed: int | None

    def value(self, measure: str) -> int:
        return (self.tokens if measure == "tokens" else self.calls) or 0


def by_entry(entries: Iterable[int], first: date, last: date) -> dict[int, list[Row]]:
    """Of each entry, all applications together, both days included."""
    wanted = list(entries)
    found: dict[int, list[Row]] = defaultdict(list)
    if not wanted:
        return found
    with connection.cursor() as cursor:
        statement = BY_ENTRY.format(entries=", ".join(["%s"] * len(wanted)))
        cursor.execute(statement, [*wanted, day_number(first), day_number(last)])
        for entry, day, calls, tokens, failed in cursor.fetchall():
            found[entry].append(Row(day_of(day), calls, tokens, failed))
    return found


def called(entries: Iterable[int]) -> set[int]:
    """Those of many entries that anybody ever called: a catalog has a thousand that nobody did."""
    callers = Caller.objects.order_by().values_list("entry_id", flat=True).distinct()
    return set(entries).intersection(callers)


def by_application(
    entries: Iterable[int],
    first: date,
    last: date,
    applications: Collection[int] | None = None,
    *,
    calls_only: bool = False,
) -> dict[int, list[Row]]:
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
    found: dict[int, list[Row]] = defaultdict(list)
    for application, day, calls in plain(rows):
        number = None if calls is None else int(calls)  # PostgreSQL sums to decimals
        found[application].append(Row(day_of(day), number, None, None))
    return found


def plain(rows: QuerySet) -> list[tuple]:
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


def uncounted(entries: Iterable[int], first: date, last: date) -> set[int]:
    """Applications of which some calls to these entries were not counted."""
    traffic = Traffic.objects.filter(entry__in=list(entries), day__range=(first, last), calls=None)
    return set(traffic.order_by().values_list("application_id", flat=True).distinct())


def measure_of(rows: Collection[Row]) -> tuple[str, bool]:
    """What to count these rows by, and whether that leaves some of them out."""
    without = sum(row.calls is None for row in rows)
    if not without:
        return "calls", False
    if without == len(rows) or all(row.tokens is not None for row in rows):
        return "tokens", any(row.tokens is None for row in rows)
    return "calls", True


def by_day(rows: Iterable[Row], measure: str) -> dict[date, int]:
    daily: dict[date, int] = defaultdict(int)
    for day, calls, tokens, _ in rows:
        daily[day] += (tokens if measure == "tokens" else calls) or 0
    return daily


def _rows(sums: QuerySet) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for key, day, calls, tokens_in, tokens_out, errors, gone in sums:
        tokens = None if tokens_in is None and tokens_out is None else (tokens_in or 0) + (tokens_out or 0)
        failed = None if errors is None and gone is None else max(errors or 0, gone or 0)
        found[key].append(Row(day_of(day), calls, tokens, failed))
    return found
