"""The progress of a migration and when it will be done, from daily calls alone.

Pure: `daily` maps days to calls (or tokens, where a source counts no calls); a missing day is 0. The day
`as_of` itself is not over and never counts: the last complete day is the one before. `start` is the first day
that may count, so that days before there was any data are not taken for zeros. docs/forecast.md describes the
rule.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Literal

__all__ = [
    "LEAD_DAYS",
    "TREND_DAYS",
    "WINDOW_DAYS",
    "Forecast",
    "Verdict",
    "baseline",
    "forecast",
    "progress",
    "recent_mean",
    "share",
]

Daily = Mapping[date, float]
Verdict = Literal["done", "on track", "at risk", "late", "stalled", "unknown"]

LEAD_DAYS = 14
"""A baseline looks back this far before the announcement."""
WINDOW_DAYS = 7
"""Means are taken over a week, so that weekends do not distort them."""
TREND_DAYS = 28
ENOUGH_DAYS = 14
"""With fewer complete days than this the trend is unknown: each weekday must occur twice."""
FAR_DAYS = 730
"""A trend that reaches zero later than this counts as none."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The day calls reach zero with its 80 % interval. `high` is None when even slower is plausible: never.

    `zero_on` is None for `stalled`, `unknown` and `done`.
    """

    verdict: Verdict
    zero_on: date | None = None
    low: date | None = None
    high: date | None = None


def _values(daily: Daily, first: date, end: date) -> list[float]:
    """The values of the days from `first` up to, not including, `end`."""
    return [daily.get(day, 0) for day in _days(first, end)]


@lru_cache(maxsize=500)
def _days(first: date, end: date) -> tuple[date, ...]:
    """Cached, because every application of a deadline has the same days."""
    return tuple(first + timedelta(days=n) for n in range((end - first).days))


def recent_mean(daily: Daily, start: date, as_of: date) -> float:
    """The mean per day over the last seven complete days (fewer when `start` is closer); 0 without any."""
    values = _values(daily, max(start, as_of - timedelta(days=WINDOW_DAYS)), as_of) if daily else []
    return sum(values) / len(values) if values else 0.0


def baseline(daily: Daily, start: date, as_of: date) -> float:
    """The highest seven-day mean between `start` and the last complete day.

    With fewer than seven complete days: their mean.
    """
    if not daily:
        return 0.0
    values = _values(daily, start, as_of)
    if len(values) <= WINDOW_DAYS:
        return recent_mean(daily, start, as_of)
    sums = [0, *accumulate(values)]
    return max(b - a for a, b in zip(sums, sums[WINDOW_DAYS:], strict=False)) / WINDOW_DAYS


def progress(baseline: float, remaining: float) -> float | None:
    """From 0 (nothing moved yet) to 1 (no calls left); None when there never was a complete day with calls."""
    return min(max(1 - remaining / baseline, 0.0), 1.0) if baseline > 0 else None


def share(replacement: float, retiring: float) -> float | None:
    """The part of calls that already goes to the replacements; None without any calls."""
    total = replacement + retiring
    return replacement / total if total > 0 else None


def forecast(daily: Daily, start: date, as_of: date, sunset_on: date | None) -> Forecast:
    """When calls will reach zero, and whether that is before the sunset.

    The slope is the median of the slopes between all days of the last 28 that fall on the same weekday
    (a seasonal Theil-Sen estimate): neither a weekly rhythm nor a few odd days move it. The interval takes
    the steepest and the flattest of these slopes. A narrower one, from the rank statistics of the median,
    assumes a straight line, which migrations are not: applications leave in steps.
    """
    remaining = recent_mean(daily, start, as_of)
    called = [day for day, value in daily.items() if value > 0 and start <= day < as_of]
    if not remaining:
        return Forecast("done" if called else "unknown")
    first = max(min(called), as_of - timedelta(days=TREND_DAYS))
    overdue = sunset_on is not None and as_of >= sunset_on
    values = _values(daily, first, as_of)
    if len(values) < ENOUGH_DAYS:
        return Forecast("late" if overdue else "unknown")
    slopes = _slopes(values)
    zero_on = _zero(remaining, _median(slopes), as_of)
    low = _zero(remaining, slopes[0], as_of)
    high = _zero(remaining, slopes[-1], as_of)
    if zero_on is None:
        return Forecast("late" if overdue else "stalled", None, low, high)
    if overdue or (sunset_on and zero_on > sunset_on):
        return Forecast("late", zero_on, low, high)
    if sunset_on and (high is None or high > sunset_on):
        return Forecast("at risk", zero_on, low, high)
    return Forecast("on track", zero_on, low, high)


def _slopes(values: list[float]) -> list[float]:
    """Change per day between every two days of the same weekday, sorted."""
    n = len(values)
    return sorted(
        (values[j] - values[i]) / (j - i) for i in range(n) for j in range(i + WINDOW_DAYS, n, WINDOW_DAYS)
    )


def _median(values: list[float]) -> float:
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _zero(remaining: float, slope: float, as_of: date) -> date | None:
    """The first day without calls if `remaining`, the mean of the last week, keeps falling by `slope` a day."""
    if slope >= 0 or remaining > -slope * FAR_DAYS:
        return None
    # The mean of a week stands for its middle day, four days before `as_of`.
    day = as_of - timedelta(days=(WINDOW_DAYS + 1) // 2) + timedelta(days=math.ceil(remaining / -slope - 1e-6))
    return max(day, as_of)
