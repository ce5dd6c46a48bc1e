"""When a source is silent, and when it only pauses as it always does."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.silence import LONGEST_PAUSE, WINDOW, is_silent, usual_pause

START = date(2024, 1, 1)  # a Monday


def days(*numbers: int) -> list[date]:
    return [START + timedelta(days=n) for n in numbers]


@pytest.mark.parametrize(
    ("told", "pause"),
    [
        (days(), 1),
        (days(3), 1),
        (days(0, 9), 1),
        (days(*range(30)), 1),
        (days(*(n for n in range(28) if n % 7 < 5)), 3),
        (days(0, 7, 14, 21, 28), 7),
        (days(0, 1, 2, 12, 13, 14), 1),
    ],
    ids=["never", "once", "twice", "every day", "weekdays", "weekly", "one outage"],
)
def test_a_pause_is_a_habit_when_it_came_twice(told, pause):
    assert usual_pause(told) == pause


@pytest.mark.parametrize(("silent_days", "pause", "silent"), [
    (None, 1, False), (0, 1, False), (2, 1, False), (3, 1, True), (3, 3, False), (4, 3, True),
])  # fmt: skip
def test_silence_is_longer_than_the_habit_and_than_two_days(silent_days, pause, silent):
    assert is_silent(silent_days, pause) is silent


@given(st.sets(st.integers(0, WINDOW), max_size=WINDOW))
def test_a_habit_fits_into_the_window_twice(numbers):
    assert 1 <= usual_pause(days(*numbers)) <= LONGEST_PAUSE
