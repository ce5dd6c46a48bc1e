"""The lifecycle of a finding: when it opens, resolves and regresses, and how people's actions change its status.

Pure: days in, answers out. An application calls an entry in periods. A period has ended once `quiet_days`
complete days without a call have passed on which its sources did report; a silent source proves nothing.
The answer for day D depends only on what happened up to D, so an answer for a past day never changes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = [
    "CallEdge",
    "CallPeriod",
    "Period",
    "StatusAction",
    "call_periods",
    "effect_after_sunset",
    "gaps_after",
    "is_gap",
    "open_periods",
    "quiet_since",
    "region_periods",
    "status_on",
]

CallEdge = tuple[date | None, date, date | None]
"""A day with calls, between the previous and the next such day (None: there is none)."""


@dataclass(frozen=True, slots=True)
class CallPeriod:
    """Calls on the days `first` and `last`, and between them no gap long enough to end the period."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Period:
    """One open period of a finding; `resolved_on` is the first day on which it is over, None while it goes on.

    The first period has the number 0; later ones are regressions.
    """

    number: int
    opened_on: date
    last_call_on: date
    resolved_on: date | None


@dataclass(frozen=True, slots=True)
class StatusAction:
    """An action that decides the status from day `on`: acknowledge, snooze (until a day), exempt or reopen."""

    kind: str
    on: date
    until: date | None = None


def is_gap(earlier: date | None, later: date | None, quiet_days: int) -> bool:
    """Whether `quiet_days` days fit between two days with calls, so that a period may end there."""
    return earlier is None or later is None or (later - earlier).days > quiet_days


def call_periods(edges: Iterable[CallEdge], quiet_days: int) -> list[CallPeriod]:
    """The periods of one application's calls to one entry.

    `edges` are its days with calls, in order; days without a gap on either side may be left out.
    """
    periods: list[CallPeriod] = []
    first = date.min
    for previous, day, following in edges:
        if is_gap(previous, day, quiet_days):
            first = day
        if is_gap(day, following, quiet_days):
            periods.append(CallPeriod(first, day))
    return periods


def gaps_after(periods: Sequence[CallPeriod], until: date) -> list[tuple[CallPeriod, date]]:
    """Each period with the day before which quiet days count for it: the next call, or `until` (not over yet)."""
    return list(zip(periods, [*(period.first for period in periods[1:]), until], strict=False))


def quiet_since(last: date, until: date, reporting_days: Sequence[date], quiet_days: int) -> date | None:
    """The day after the last of the `quiet_days` reported days that follow `last` and lie before `until`.

    `reporting_days` is sorted. None if there are too few of them.
    """
    start, stop = bisect_right(reporting_days, last), bisect_left(reporting_days, until)
    if stop - start < quiet_days:
        return None
    return reporting_days[start + quiet_days - 1] + timedelta(days=1)


def open_periods(ended: Iterable[tuple[CallPeriod, date | None]], known_on: date) -> tuple[Period, ...]:
    """The open periods of a finding, from its call periods in order, each with the day it ended (None: not yet).

    A finding opens on the first call, or on `known_on`, the day the sunset was announced, if calls were under
    way then. Calls that ended by the announcement are no finding.
    """
    result: list[Period] = []
    first: date | None = None
    last: date | None = None
    for period, ended_on in ended:
        first, last = first or period.first, period.last
        if ended_on:
            if ended_on > known_on:
                result.append(Period(len(result), max(first, known_on), last, ended_on))
            first = None
    if first and last:
        result.append(Period(len(result), max(first, known_on), last, None))
    return tuple(result)


def status_on(day: date, periods: Iterable[Period], actions: Iterable[StatusAction]) -> str | None:
    """The status on a day (a `Status` value), None before the finding opened.

    The latest action up to that day counts. An exemption holds until the finding is reopened; an
    acknowledgement or a snooze only for the period in which it was made, so a finding whose calls come back
    after it resolved is regressed. This is the rule; `querysets.sql_status` says the same in SQL, and a
    property test holds the two equal.
    """
    period = max((p for p in periods if p.opened_on <= day), key=lambda p: p.number, default=None)
    if period is None:
        return None
    if period.resolved_on and period.resolved_on <= day:
        return "resolved"
    made = [action for action in actions if action.on <= day]
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
    """The regions of calls over time, as (first day, regions), from the regions of each day with calls.

    A region counts from its first call until `memory_days` days have passed without another one. While
    nothing is called at all, the last known regions stay.
    """
    regions_by_day = dict(days)
    lapses = {day + timedelta(days=memory_days) for day in regions_by_day}
    last_called: dict[str, date] = {}
    periods: list[tuple[date, frozenset[str]]] = []
    for day in sorted(regions_by_day.keys() | lapses):
        last_called |= dict.fromkeys(regions_by_day.get(day, ()), day)
        current = frozenset(region for region, on in last_called.items() if (day - on).days < memory_days)
        if current and (not periods or periods[-1][1] != current):
            periods.append((day, current))
    return periods


def effect_after_sunset(day: date, sunset_on: date | None, on_sunset: str, *, alive: bool) -> str | None:
    """What happens to calls that still arrive after the sunset: broken or redirected; None before it."""
    if not alive or not sunset_on or day < sunset_on:
        return None
    return "redirected" if on_sunset == "redirects" else "broken"
