"""Calls per day for stacked charts: an entry's calls by application, an application's calls by entry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import BigIntegerField, F, QuerySet, Sum
from django.db.models.functions import Coalesce

from dashboard.findings.models import EntryTraffic, Traffic
from dashboard.usage.measure import Measure, choose_measure

__all__ = [
    "DAYS",
    "CallChartData",
    "CallSeries",
    "calls_by_application",
    "calls_by_entry",
    "calls_of_pair",
    "chart_days",
]

DAYS = 90
TOP = 5

TOKENS = Coalesce(
    F("input_tokens") + F("output_tokens"), F("input_tokens"), F("output_tokens"), output_field=BigIntegerField()
)
"""Null where a source reports neither, so that a sum over such rows only is null."""


@dataclass(frozen=True, slots=True)
class CallSeries:
    """One series: `key` is the primary key of an application or entry, None for the sum of all others."""

    key: int | None
    values: list[int]


@dataclass(frozen=True, slots=True)
class CallChartData:
    """Values per day of each series, most calls first, all the others last.

    `measure` is "calls" or "tokens" (`usage.measure`). `uncounted`: usage without a value in it is left out.
    """

    days: list[date]
    parts: list[CallSeries]
    measure: str = "calls"
    uncounted: bool = False
    others: int = 0
    """The number of keys in the last series."""

    @property
    def is_empty(self) -> bool:
        return not self.parts

    @property
    def total(self) -> int:
        return sum(sum(part.values) for part in self.parts)


def chart_days(as_of: date, days: int = DAYS) -> tuple[date, date]:
    return as_of - timedelta(days=days - 1), as_of


def calls_by_application(entry: int, as_of: date, calls: dict[int, int | None]) -> CallChartData:
    """Who called an entry, over the last 90 days; `calls` are each application's in these days."""
    whole = EntryTraffic.objects.filter(entry=entry)
    return _stack(Traffic.objects.filter(entry=entry), whole, "application_id", as_of, calls)


def calls_by_entry(application: int, as_of: date) -> CallChartData:
    """What an application called; the key None is then what the catalog does not know, and the rest."""
    traffic = Traffic.objects.filter(application=application)
    return _stack(traffic, traffic, "entry_id", as_of)


def calls_of_pair(application: int, entry: int, as_of: date) -> CallChartData:
    """What one application called one entry."""
    traffic = Traffic.objects.filter(application=application, entry=entry)
    return _stack(traffic, traffic, "application_id", as_of)


def _stack(
    traffic: QuerySet, whole: QuerySet, key: str, as_of: date, calls: dict[int, int | None] | None = None
) -> CallChartData:
    """`whole` sums up to the same as `traffic`, in as few rows as there are."""
    first, last = chart_days(as_of)
    days = [first + timedelta(days=i) for i in range(DAYS)]
    traffic, whole = (some.filter(day__range=(first, last)).order_by() for some in (traffic, whole))
    if calls is None:
        calls = dict(traffic.values_list(key).annotate(n=Sum("calls")))
    unit: Measure = "calls"
    uncounted = any(n is None for n in calls.values())
    totals = calls
    if uncounted:
        tokens = dict(traffic.values_list(key).annotate(n=Sum(TOKENS)))
        unit, uncounted = choose_measure((n, tokens.get(pk)) for pk, n in calls.items())
        totals = calls if unit == "calls" else tokens
    measure: Any = F("calls") if unit == "calls" else TOKENS
    known = sorted((-n, pk) for pk, n in totals.items() if pk is not None and n)
    top = [pk for _, pk in known[:TOP]]
    parts = [CallSeries(pk, values) for pk, values in _daily(traffic, key, top, measure, days).items()]
    rest = _rest(whole, measure, days, parts)
    if any(rest):
        parts.append(CallSeries(None, rest))
    return CallChartData(
        days,
        parts,
        unit,
        uncounted=uncounted,
        others=len(known) - len(top),
    )


def _daily(
    traffic: QuerySet, key: str, keys: Iterable[int], measure: Any, days: list[date]
) -> dict[int, list[int]]:
    wanted = list(keys)
    if not wanted:
        return {}
    position = {day: i for i, day in enumerate(days)}
    values = {pk: [0] * len(days) for pk in wanted}
    rows = traffic.filter(**{f"{key}__in": wanted}).values_list(key, "day").annotate(n=Sum(measure))
    for pk, day, n in rows:
        values[pk][position[day]] = n or 0
    return values


def _rest(whole: QuerySet, measure: Any, days: list[date], parts: list[CallSeries]) -> list[int]:
    sums = dict(whole.values_list("day").annotate(n=Sum(measure)))
    return [(sums.get(day) or 0) - sum(part.values[i] for part in parts) for i, day in enumerate(days)]
