"""When a finding opens, resolves and regresses, and how people's actions change its status."""

import itertools
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.findings import lifecycle
from dashboard.findings.lifecycle import (
    CallEdge,
    Period,
    StatusAction,
    call_periods,
    effect_after_sunset,
    gaps_after,
    quiet_since,
    status_on,
)

KNOWN = date(2023, 7, 6)
START = date(2023, 7, 1)


def day(n: int) -> date:
    """Day n of the story; the announcement is on day 5."""
    return START + timedelta(days=n)


def days(*numbers: int) -> list[date]:
    return [day(n) for n in numbers]


def edges(call_days: Iterable[date]) -> list[CallEdge]:
    """Days with calls between their neighbours."""
    ordered = sorted(set(call_days))
    return list(zip([None, *ordered], ordered, [*ordered[1:], None], strict=False))


def open_periods(
    call_days: Iterable[date], reporting_days: Iterable[date], known_on: date, quiet_days: int, as_of: date
) -> tuple[Period, ...]:
    """The open periods known on `as_of`: calls up to that day count, quiet days only before it."""
    if known_on > as_of:
        return ()
    reported = sorted(set(reporting_days))
    periods = call_periods(edges(day for day in call_days if day <= as_of), quiet_days)
    return lifecycle.open_periods(
        ((p, quiet_since(p.last, until, reported, quiet_days)) for p, until in gaps_after(periods, as_of)),
        known_on,
    )


ALWAYS = [day(n) for n in range(-400, 400)]


def test_a_finding_opens_with_the_first_call_after_the_announcement():
    assert open_periods(days(10, 11), ALWAYS, KNOWN, 7, day(12)) == (Period(0, day(10), day(11), None),)


def test_calls_under_way_when_the_sunset_is_announced_open_the_finding_that_day():
    assert open_periods(days(0, 3, 8), ALWAYS, KNOWN, 7, day(9)) == (Period(0, KNOWN, day(8), None),)


def test_calling_that_was_over_before_the_announcement_is_no_finding():
    assert open_periods(days(-30, -29), ALWAYS, KNOWN, 7, day(20)) == ()


def test_a_finding_resolves_the_day_after_the_seventh_quiet_day():
    (period,) = open_periods(days(10), ALWAYS, KNOWN, 7, day(18))
    assert period.resolved_on == day(18)
    (period,) = open_periods(days(10), ALWAYS, KNOWN, 7, day(17))
    assert period.resolved_on is None


def test_a_silent_source_resolves_nothing():
    (period,) = open_periods(days(10), days(8, 9, 10, 12), KNOWN, 7, day(300))
    assert period.resolved_on is None


def test_quiet_days_are_counted_on_days_the_source_reported_only():
    reported = [day(n) for n in range(60) if not 12 <= n < 30]
    (period,) = open_periods(days(10), reported, KNOWN, 7, day(60))
    assert period.resolved_on == day(36), "day 11 and days 30 to 35"


def test_a_call_after_the_finding_resolved_regresses_it():
    first, second = open_periods(days(10, 40), ALWAYS, KNOWN, 7, day(41))
    assert first == Period(0, day(10), day(10), day(18))
    assert second == Period(1, day(40), day(40), None)


def test_a_call_on_the_eighth_day_regresses_and_one_on_the_seventh_does_not():
    assert len(open_periods(days(10, 18), ALWAYS, KNOWN, 7, day(19))) == 2
    assert len(open_periods(days(10, 17), ALWAYS, KNOWN, 7, day(19))) == 1


def test_an_older_stretch_that_was_no_finding_does_not_make_the_next_one_a_regression():
    (period,) = open_periods(days(-30, 10), ALWAYS, KNOWN, 7, day(11))
    assert period.number == 0


def test_calls_that_silence_kept_alive_and_that_ended_before_the_announcement_is_no_finding():
    reported = days(-30, -10, -9, -8, -7, -6, -5, -4, -3)
    assert open_periods(days(-30, -10), reported, KNOWN, 7, day(30)) == ()


call_days = st.sets(st.integers(-60, 120)).map(lambda numbers: sorted(day(n) for n in numbers))


@given(call_days, call_days, st.integers(1, 10), st.integers(-60, 60), st.integers(0, 60))
def test_the_past_never_changes(calls, reported, quiet, asked, later):
    """What is known on a day follows from the periods worked out later, cut off at that day."""
    asked_on = day(asked)
    now = {s.number: s for s in open_periods(calls, reported, KNOWN, quiet, asked_on)}
    then = {
        s.number: s
        for s in open_periods(calls, reported, KNOWN, quiet, asked_on + timedelta(days=later))
        if s.opened_on <= asked_on
    }
    assert now.keys() == then.keys()
    for number, period in now.items():
        end = then[number].resolved_on
        assert period.opened_on == then[number].opened_on
        assert period.resolved_on == (end if end and end <= asked_on else None)
        assert period.last_call_on == max(d for d in calls if d <= min(then[number].last_call_on, asked_on))


@given(call_days, call_days, st.integers(1, 10))
def test_open_periods_are_in_order_and_only_the_last_one_is_open(calls, reported, quiet):
    found = open_periods(calls, reported, KNOWN, quiet, day(130))
    assert [s.number for s in found] == list(range(len(found)))
    assert all(s.opened_on >= KNOWN for s in found)
    for earlier, next_one in itertools.pairwise(found):
        assert earlier.resolved_on is not None
        assert earlier.resolved_on <= next_one.opened_on
        assert earlier.last_call_on < earlier.resolved_on


@given(call_days, st.integers(1, 10))
def test_call_periods_keep_every_call_and_only_gaps_that_could_end_one(calls, quiet):
    found = call_periods(edges(calls), quiet)
    assert all(any(p.first <= c <= p.last for p in found) for c in calls)
    for a, b in itertools.pairwise(found):
        assert (b.first - a.last).days > quiet


OPEN = (Period(0, day(10), day(30), None),)
BACK = (Period(0, day(10), day(12), day(20)), Period(1, day(25), day(30), None))


@pytest.mark.parametrize(
    ("asked", "life", "decisions", "status"),
    [
        pytest.param(9, OPEN, [], None, id="before it opened"),
        pytest.param(10, OPEN, [], "open", id="open"),
        pytest.param(19, BACK, [], "open", id="the day before it resolved"),
        pytest.param(20, BACK, [], "resolved", id="resolved"),
        pytest.param(25, BACK, [], "regressed", id="regressed"),
        pytest.param(11, OPEN, [StatusAction("acknowledge", day(11))], "acknowledged", id="acknowledged"),
        pytest.param(10, OPEN, [StatusAction("acknowledge", day(11))], "open", id="not yet acknowledged"),
        pytest.param(26, BACK, [StatusAction("acknowledge", day(11))], "regressed", id="an old promise is over"),
        pytest.param(14, OPEN, [StatusAction("snooze", day(11), day(15))], "snoozed", id="snoozed"),
        pytest.param(15, OPEN, [StatusAction("snooze", day(11), day(15))], "open", id="the snooze is over"),
        pytest.param(26, BACK, [StatusAction("exempt", day(11))], "exempt", id="exemptions outlive a period"),
        pytest.param(21, BACK, [StatusAction("exempt", day(11))], "resolved", id="no calls, nothing to exempt"),
        pytest.param(
            13, OPEN, [StatusAction("exempt", day(11)), StatusAction("reopen", day(13))], "open", id="reopened"
        ),
    ],
)
def test_status_on_a_day(asked, life, decisions, status):
    assert status_on(day(asked), life, decisions) == status


@pytest.mark.parametrize(
    ("asked", "word", "alive", "expected"),
    [
        (9, "fails", True, None),
        (10, "fails", True, "broken"),
        (10, "", True, "broken"),
        (10, "redirects", True, "redirected"),
        (10, "fails", False, None),
    ],
)
def test_calls_after_the_sunset_are_broken_or_redirected(asked, word, alive, expected):
    assert effect_after_sunset(day(asked), day(10), word, alive=alive) == expected


def test_days_inside_a_call_period_do_not_change_it():
    calls = days(1, 3, 6, 20, 22)
    outer = [edge for edge in edges(calls) if edge[1] != day(3)]
    assert call_periods(outer, 7) == call_periods(edges(calls), 7)
