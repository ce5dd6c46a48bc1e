"""When a finding is reported to its owner, and for which reason. Pure: state and earlier reports in, reasons out.

- At the thresholds (90, 60, ... 0 days before the sunset): only the smallest one reached, so that a
  finding that appears late is reported once and not for every threshold it missed.
- When a finding is new, or regressed, with 30 days or fewer left.
- When the sunset date moved; thresholds then start again for the new date.
- Once a week while the forecast is late (within the largest threshold), or while calls continue after the
  sunset. A week with another report needs no reminder.

A report that did not arrive is none: its reasons are due again, on whatever day the next digest is written.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["AlertReason", "FindingState", "ReportedReason", "reasons_to_report", "skip_reason"]

FRESH = timedelta(days=7)
"""How long a finding counts as new, and a date as moved."""
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
    """A reason to report a finding (a `Reason` value). `step` distinguishes occasions of one reason."""

    reason: str
    step: int


@dataclass(frozen=True, slots=True)
class ReportedReason:
    """A reason that was reported on day `on`, when the sunset date was `sunset_on`."""

    reason: str
    step: int
    sunset_on: date
    on: date


def skip_reason(state: FindingState) -> str | None:
    """Why this finding is not reported at all: its status, or `undated`. None if it may be."""
    if state.status in SKIPPED_STATUSES:
        return state.status
    return None if state.sunset_on else "undated"


def reasons_to_report(
    state: FindingState,
    reported: Collection[ReportedReason],
    as_of: date,
    thresholds: Sequence[int],
    undelivered: Collection[ReportedReason] = (),
) -> tuple[AlertReason, ...]:
    """The reasons to report the finding today that have not been reported yet.

    `undelivered` were in a digest that did not arrive, and are not in `reported`. They stay due for as long as
    they are true, also when the days are over on which they would be reported for the first time.
    """
    if skip_reason(state) or not state.sunset_on:
        return ()
    days_left = (state.sunset_on - as_of).days
    reasons = [
        *_moved(state, reported, as_of, undelivered),
        *_threshold(state.sunset_on, days_left, reported, thresholds),
        *_fresh(state, days_left, reported, as_of, undelivered),
    ]
    return tuple(reasons) or _reminder(state, days_left, reported, as_of, thresholds)


def _moved(
    state: FindingState,
    reported: Collection[ReportedReason],
    as_of: date,
    undelivered: Collection[ReportedReason],
) -> tuple[AlertReason, ...]:
    """The last report named another date; or the date changed in the last days while there were calls."""
    if not state.moved_on or not state.sunset_on:
        return ()
    step = state.moved_on.toordinal()
    if _contains(reported, "moved", step):
        return ()
    last = max(reported, key=lambda r: r.on, default=None)
    other_date = last is not None and last.sunset_on != state.sunset_on
    recent = as_of - FRESH < state.moved_on <= as_of and state.opened_on < state.moved_on
    is_left = _contains(undelivered, "moved", step)
    return (AlertReason("moved", step),) if other_date or recent or is_left else ()


def _threshold(
    sunset_on: date, days_left: int, reported: Collection[ReportedReason], thresholds: Sequence[int]
) -> tuple[AlertReason, ...]:
    reached = min((t for t in thresholds if t >= days_left), default=None)
    if days_left < 0 or reached is None:
        return ()
    if any(r.reason == "threshold" and r.sunset_on == sunset_on and r.step <= reached for r in reported):
        return ()
    return (AlertReason("threshold", reached),)


def _fresh(
    state: FindingState,
    days_left: int,
    reported: Collection[ReportedReason],
    as_of: date,
    undelivered: Collection[ReportedReason],
) -> tuple[AlertReason, ...]:
    reason = "regressed" if state.period_number else "new"
    is_left = _contains(undelivered, reason, state.period_number)
    if not is_left and (days_left > NEAR_DAYS or state.opened_on <= as_of - FRESH):
        return ()
    if _contains(reported, reason, state.period_number):
        return ()
    return (AlertReason(reason, state.period_number),)


def _contains(reasons: Collection[ReportedReason], reason: str, step: int) -> bool:
    return any(r.reason == reason and r.step == step for r in reasons)


def _reminder(
    state: FindingState,
    days_left: int,
    reported: Collection[ReportedReason],
    as_of: date,
    thresholds: Sequence[int],
) -> tuple[AlertReason, ...]:
    late = state.late and days_left <= max(thresholds, default=0)
    if not late and days_left >= 0:
        return ()
    year, week, _ = as_of.isocalendar()
    if any(r.on.isocalendar()[:2] == (year, week) for r in reported):
        return ()
    return (AlertReason("late", year * 100 + week),)
