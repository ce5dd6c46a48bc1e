"""Calls per day, parted: an entry's by application, an application's by entry. Feeds the stacked charts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from dashboard.findings.models import Traffic

__all__ = ["DAYS", "Part", "Stack", "by_application", "by_entry", "of_pair", "span"]

DAYS = 90
TOP = 5

TOKENS = Coalesce(F("input_tokens"), Value(0)) + Coalesce(F("output_tokens"), Value(0))


@dataclass(frozen=True, slots=True)
class Part:
    """One series: `key` is an application's or an entry's primary key, None for all that have no own part."""

    key: int | None
    values: list[int]


@dataclass(frozen=True, slots=True)
class Stack:
    """Values per day of each part, most first, the rest last.

    `measure` is "calls", or "tokens" where no source counts calls. `uncounted`: some of it has no call count.
    """

    days: list[date]
    parts: list[Part]
    measure: str = "calls"
    uncounted: bool = False
    others: int = 0
    """How many keys the rest stands for."""

    @property
    def is_empty(self) -> bool:
        return not self.parts

    @property
    def total(self) -> int:
        return sum(sum(part.values) for part in self.parts)


def span(as_of: date, days: int = DAYS) -> tuple[date, date]:
    return as_of - timedelta(days=days - 1), as_of


def by_application(entry: int, as_of: date) -> Stack:
    """Who called an entry, over the last 90 days."""
    return _stack(Traffic.objects.filter(entry=entry), "application", as_of)


def by_entry(application: int, as_of: date) -> Stack:
    """What an application called; the key None is then what the catalog does not know, and the rest."""
    return _stack(Traffic.objects.filter(application=application), "entry", as_of)


def of_pair(application: int, entry: int, as_of: date) -> Stack:
    """What one application called one entry."""
    return _stack(Traffic.objects.filter(application=application, entry=entry), "application", as_of)


def _stack(traffic: QuerySet, key: str, as_of: date) -> Stack:
    first, last = span(as_of)
    days = [first + timedelta(days=i) for i in range(DAYS)]
    traffic = traffic.filter(day__range=(first, last))
    totals = list(
        traffic.values(key)
        .annotate(calls_sum=Sum("calls"), tokens_sum=Sum(TOKENS))
        .order_by(key)
        .values_list(key, "calls_sum", "tokens_sum")
    )
    counted = any(calls is not None for _, calls, _ in totals)
    size: Callable[[tuple], int] = (lambda row: row[1] or 0) if counted else (lambda row: row[2] or 0)
    known = sorted((row for row in totals if row[0] is not None and size(row)), key=size, reverse=True)
    top = [row[0] for row in known[:TOP]]
    measure: Any = F("calls") if counted else TOKENS
    parts = [Part(pk, values) for pk, values in _daily(traffic, key, top, measure, days).items()]
    rest = _rest(traffic, measure, days, parts)
    if any(rest):
        parts.append(Part(None, rest))
    return Stack(
        days,
        parts,
        "calls" if counted else "tokens",
        uncounted=counted and any(calls is None for _, calls, _ in totals),
        others=len(known) - len(top),
    )


def _daily(
    traffic: QuerySet, key: str, keys: Iterable[int], measure: Any, days: list[date]
) -> dict[int, list[int]]:
    wanted = list(keys)
    if not wanted:
        return {}
    place = {day: i for i, day in enumerate(days)}
    found = {pk: [0] * len(days) for pk in wanted}
    rows = traffic.filter(**{f"{key}__in": wanted}).values_list(key, "day").annotate(n=Sum(measure)).order_by()
    for pk, day, n in rows:
        found[pk][place[day]] = n or 0
    return found


def _rest(traffic: QuerySet, measure: Any, days: list[date], parts: list[Part]) -> list[int]:
    sums = dict(traffic.values_list("day").annotate(n=Sum(measure)).order_by())
    return [(sums.get(day) or 0) - sum(part.values[i] for part in parts) for i, day in enumerate(days)]
