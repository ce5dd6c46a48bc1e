"""The life of a finding: when it opens, resolves and regresses, and what people's actions make of it.

Pure: days in, answers out. An application calls an entry in stretches. A stretch ends once `quiet_days`
complete days have passed without a call on which its sources did report; a silent source proves nothing.
Everything on day D follows from what happened up to D, so an answer for a past day never changes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

__all__ = [
    "CallPeriod",
    "Period",
    "StatusAction",
    "call_periods",
    "effect_after_sunset",
    "open_periods",
    "periods_of_finding",
    "quiet_since",
    "region_periods",
    "status_on",
]


@dataclass(frozen=True, slots=True)
class CallPeriod:
    """Calls on `first` and `last` (days) and too often in between to have gone quiet."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of calling a retiring entry; `resolved_on` is the first day of rest, None while it goes on."""

    number: int
    opened_on: date
    last_call_on: date
    resolved_on: date | None


@dataclass(frozen=True, slots=True)
class StatusAction:
    """What a person decided on day `on`: acknowledge, snooze (until), exempt or reopen."""

    kind: str
    on: date
    until: date | None = None


def call_periods(call_days: Iterable[date], quiet_days: int) -> list[CallPeriod]:
    """Group the days with a call so that only the gaps in which `quiet_days` days fit remain."""
    days = sorted(set(call_days))
    breaks = [i for i, (a, b) in enumerate(pairwise(days), 1) if (b - a).days > quiet_days]
    return [CallPeriod(days[i], days[j - 1]) for i, j in pairwise([0, *breaks, len(days)]) if i < j]


def quiet_since(last: date, until: date, reporting_days: Sequence[date], quiet_days: int) -> date | None:
    """The day after the last of the `quiet_days` reported days that follow `last` and lie before `until`.

    `reporting_days` is sorted; None when there are too few of them.
    """
    start, stop = bisect_right(reporting_days, last), bisect_left(reporting_days, until)
    if stop - start < quiet_days:
        return None
    return reporting_days[start + quiet_days - 1] + timedelta(days=1)


def periods_of_finding(stretches: Iterable[tuple[CallPeriod, date | None]], known_on: date) -> tuple[Period, ...]:
    """Runs in order, each with the day it was over (None: it was not), as periods of a finding.

    A finding opens on the first call, or when the sunset was announced if calls were under way then.
    What was over by the announcement is no finding.
    """
    result: list[Period] = []
    first: date | None = None
    last: date | None = None
    for run, over_on in stretches:
        first, last = first or run.first, run.last
        if over_on:
            if over_on > known_on:
                result.append(Period(len(result), max(first, known_on), last, over_on))
            first = None
    if first and last:
        result.append(Period(len(result), max(first, known_on), last, None))
    return tuple(result)


def open_periods(
    call_days: Iterable[date], reporting_days: Iterable[date], known_on: date, quiet_days: int, as_of: date
) -> tuple[Period, ...]:
    """The periods known on `as_of`: calls up to that day count, quiet days only before it (a day must be over).

    `reporting_days` are the days on which every source that carries these calls reported something.
    """
    if known_on > as_of:
        return ()
    reported = sorted(set(reporting_days))
    stretches = call_periods((day for day in call_days if day <= as_of), quiet_days)
    ends = [*(run.first for run in stretches[1:]), as_of]
    return periods_of_finding(
        (
            (run, quiet_since(run.last, end, reported, quiet_days))
            for run, end in zip(stretches, ends, strict=False)
        ),
        known_on,
    )


def status_on(day: date, periods: Iterable[Period], decisions: Iterable[StatusAction]) -> str | None:
    """The status on a day (a `Status` value), None before the finding opened.

    The latest decision by that day counts. An exemption holds until somebody reopens the finding; an
    acknowledgement or a snooze only for the period in which it was made, so calls that come back after
    the finding resolved show as regressed whatever was said before.
    """
    period = max((s for s in periods if s.opened_on <= day), key=lambda s: s.number, default=None)
    if period is None:
        return None
    if period.resolved_on and period.resolved_on <= day:
        return "resolved"
    made = [d for d in decisions if d.on <= day]
    if made:
        latest = made[-1]
        if latest.kind == "exempt":
            return "exempt"
        if latest.on >= period.opened_on:
            if latest.kind == "acknowledge":
                return "acknowledged"
            if latest.kind == "snooze" and latest.until and latest.until > day:
                return "snoozed"
    return "regressed" if period.number else "open"


def region_periods(
    days: Iterable[tuple[date, frozenset[str]]], memory_days: int
) -> list[tuple[date, frozenset[str]]]:
    """Where calls are served, as (the day from which it holds, regions), out of the regions of each calling day.

    A region counts from its first call until `memory_days` days have gone by without another, so that one
    that was left is forgotten; but what was known last holds on while nothing is called at all.
    """
    called = dict(days)
    lapses = {day + timedelta(days=memory_days) for day in called}
    seen: dict[str, date] = {}
    found: list[tuple[date, frozenset[str]]] = []
    for day in sorted(called.keys() | lapses):
        seen |= dict.fromkeys(called.get(day, ()), day)
        now = frozenset(region for region, on in seen.items() if (day - on).days < memory_days)
        if now and (not found or found[-1][1] != now):
            found.append((day, now))
    return found


def effect_after_sunset(day: date, sunset_on: date | None, on_sunset: str, *, alive: bool) -> str | None:
    """What becomes of calls that still arrive after the sunset: broken or redirected; None before it."""
    if not alive or not sunset_on or day < sunset_on:
        return None
    return "redirected" if on_sunset == "redirects" else "broken"
