"""When the owner of a finding is told, and for which reason. Pure: what is known and was told in, reasons out.

- At the thresholds (90, 60, ... 0 days before the sunset): only the tightest one reached, so that a
  finding that appears late is told once and not for every threshold it missed.
- When a finding is new, or regressed, with 30 days or fewer to go.
- When the sunset date moved; thresholds then count anew for the new date.
- Once a week while the forecast is late (within the widest threshold), or while calls go on after the
  sunset. A week in which the owner hears of the finding anyway needs no reminder.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["AlertReason", "FindingState", "ReportedReason", "reasons_to_report", "skip_reason"]

FRESH = timedelta(days=7)
"""A finding counts as new, and a moved date as news, for so long."""
NEAR_DAYS = 30
SKIPPED_STATUSES = frozenset({"snoozed", "exempt", "resolved"})


@dataclass(frozen=True, slots=True)
class FindingState:
    """A finding on the day asked about. `moved_on` is the day its sunset date was last changed, if ever."""

    status: str
    sunset_on: date | None
    opened_on: date
    period_number: int = 0
    late: bool = False
    moved_on: date | None = None


@dataclass(frozen=True, slots=True)
class AlertReason:
    """A reason to tell (a `Reason` value); `step` tells its occasions apart."""

    reason: str
    step: int


@dataclass(frozen=True, slots=True)
class ReportedReason:
    """A reason that was told on day `on`, when the sunset was to be `sunset_on`."""

    reason: str
    step: int
    sunset_on: date
    on: date


def skip_reason(facts: FindingState) -> str | None:
    """Why nobody is told of this finding at all, if so: its status, or `undated`."""
    if facts.status in SKIPPED_STATUSES:
        return facts.status
    return None if facts.sunset_on else "undated"


def reasons_to_report(
    facts: FindingState, told: Collection[ReportedReason], as_of: date, thresholds: Sequence[int]
) -> tuple[AlertReason, ...]:
    """The reasons to tell today that have not been told yet; none for a silent finding."""
    if skip_reason(facts) or not facts.sunset_on:
        return ()
    days_left = (facts.sunset_on - as_of).days
    reasons = [
        *_moved(facts, told, as_of),
        *_threshold(facts.sunset_on, days_left, told, thresholds),
        *_fresh(facts, days_left, told, as_of),
    ]
    return tuple(reasons) or _reminder(facts, days_left, told, as_of, thresholds)


def _moved(facts: FindingState, told: Collection[ReportedReason], as_of: date) -> tuple[AlertReason, ...]:
    """They were told another date; or the date changed in the last days while they were calling."""
    if not facts.moved_on or not facts.sunset_on:
        return ()
    step = facts.moved_on.toordinal()
    if any(t.reason == "moved" and t.step == step for t in told):
        return ()
    last = max(told, key=lambda t: t.on, default=None)
    heard_otherwise = last is not None and last.sunset_on != facts.sunset_on
    news = as_of - FRESH < facts.moved_on <= as_of and facts.opened_on < facts.moved_on
    return (AlertReason("moved", step),) if heard_otherwise or news else ()


def _threshold(
    sunset_on: date, days_left: int, told: Collection[ReportedReason], thresholds: Sequence[int]
) -> tuple[AlertReason, ...]:
    reached = min((t for t in thresholds if t >= days_left), default=None)
    if days_left < 0 or reached is None:
        return ()
    if any(t.reason == "threshold" and t.sunset_on == sunset_on and t.step <= reached for t in told):
        return ()
    return (AlertReason("threshold", reached),)


def _fresh(
    facts: FindingState, days_left: int, told: Collection[ReportedReason], as_of: date
) -> tuple[AlertReason, ...]:
    reason = "regressed" if facts.period_number else "new"
    if days_left > NEAR_DAYS or facts.opened_on <= as_of - FRESH:
        return ()
    if any(t.reason == reason and t.step == facts.period_number for t in told):
        return ()
    return (AlertReason(reason, facts.period_number),)


def _reminder(
    facts: FindingState, days_left: int, told: Collection[ReportedReason], as_of: date, thresholds: Sequence[int]
) -> tuple[AlertReason, ...]:
    late = facts.late and days_left <= max(thresholds, default=0)
    if not late and days_left >= 0:
        return ()
    year, week, _ = as_of.isocalendar()
    if any(t.on.isocalendar()[:2] == (year, week) for t in told):
        return ()
    return (AlertReason("late", year * 100 + week),)
