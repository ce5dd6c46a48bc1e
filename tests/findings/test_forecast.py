"""Baseline, remaining, progress and forecast, from daily calls alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.findings.deadlines.forecast import baseline, forecast, progress, recent_mean, share

START = date(2023, 6, 22)
SUNSET = date(2024, 1, 4)


def daily(values, start=START):
    return {start + timedelta(days=n): value for n, value in enumerate(values)}


def after(values, start=START):
    """The day after the last value, on which it is complete."""
    return start + timedelta(days=len(values))


def test_remaining_is_the_mean_of_seven_complete_days_and_today_does_not_count():
    calls = daily([100] * 10 + [10, 20, 30, 40, 50, 60, 70] + [9999])
    assert recent_mean(calls, START, START + timedelta(days=17)) == 40


def test_the_baseline_is_the_highest_week_between_start_and_yesterday():
    calls = daily([10] * 7 + [70] * 7 + [10] * 7 + [9999])
    assert baseline(calls, START, START + timedelta(days=21)) == 70
    assert baseline(calls, START + timedelta(days=10), START + timedelta(days=21)) == (4 * 70 + 3 * 10) / 7


def test_the_baseline_never_reaches_before_its_start():
    calls = daily([9999] + [10] * 20)
    assert baseline(calls, START + timedelta(days=1), after(range(21))) == 10


def test_with_less_than_a_week_both_means_take_the_days_there_are():
    calls = daily([30, 60, 90])
    assert baseline(calls, START, after([0] * 3)) == recent_mean(calls, START, after([0] * 3)) == 60
    assert baseline({}, START, START) == recent_mean({}, START, START) == 0


@pytest.mark.parametrize(
    ("highest", "left", "expected"), [(100, 25, 0.75), (100, 0, 1), (100, 120, 0), (0, 0, None)]
)
def test_progress_runs_from_zero_to_one(highest, left, expected):
    assert progress(highest, left) == expected


def test_the_share_of_replacements():
    assert share(30, 10) == 0.75
    assert share(0, 0) is None


@given(st.integers(1, 50), st.integers(0, 400), st.integers(14, 60))
def test_an_exact_line_is_zero_on_its_exact_day(step, ahead, known):
    """Calls fall by `step` a day and reach zero `ahead` days after the day asked about."""
    values = [step * (ahead + known - n) for n in range(known)]
    as_of = after(values)
    found = forecast(daily(values), START, as_of, None)
    assert found.zero_on == found.low == found.high == as_of + timedelta(days=ahead)


def test_weekends_do_not_look_like_progress():
    values = [100, 100, 100, 100, 100, 20, 10] * 4
    for cut in range(21, 28):
        assert forecast(daily(values[:cut]), START, after(values[:cut]), SUNSET).verdict == "stalled"


def test_a_few_odd_days_do_not_move_the_forecast():
    values = [2800 - 50 * n for n in range(28)]
    clean = forecast(daily(values), START, after(values), SUNSET)
    values[3] = values[11] = 90_000
    assert abs(forecast(daily(values), START, after(values), SUNSET).zero_on - clean.zero_on) <= timedelta(days=2)


LINE = [2800 - 50 * n for n in range(28)]


@pytest.mark.parametrize(
    ("values", "sunset", "verdict"),
    [
        pytest.param([100] * 20 + [0] * 7, SUNSET, "done", id="no calls for a week"),
        pytest.param([0] * 28, SUNSET, "unknown", id="never any calls"),
        pytest.param([100] * 13, SUNSET, "unknown", id="less than two weeks"),
        pytest.param([0] * 20 + [100] * 8, SUNSET, "unknown", id="calls only began"),
        pytest.param([100] * 28, SUNSET, "stalled", id="no trend"),
        pytest.param(list(range(28)), SUNSET, "stalled", id="more and more"),
        pytest.param(LINE, SUNSET, "on track", id="a clear line that ends in time"),
        pytest.param(LINE, after(LINE) + timedelta(days=3), "late", id="the line ends after the sunset"),
        pytest.param(LINE, after(LINE) - timedelta(days=3), "late", id="the sunset has passed"),
        pytest.param([100] * 28, after([0] * 28), "late", id="the sunset is today and calls go on"),
        pytest.param(
            [2800 - 50 * n + (900 if n % 2 else -900) for n in range(28)], SUNSET, "at risk", id="a rough ride"
        ),
    ],
)
def test_one_word_for_the_forecast(values, sunset, verdict):
    assert forecast(daily(values), START, after(values), sunset).verdict == verdict


ORDER = ["done", "on track", "at risk", "late", "stalled"]
amounts = st.lists(st.integers(0, 10_000), min_size=14, max_size=60)


@given(amounts, st.integers(1, 5_000), st.integers(1, 200))
def test_more_remaining_calls_never_make_the_verdict_better(values, more, ahead):
    as_of = after(values)
    sunset = as_of + timedelta(days=ahead)
    values = [value + 1 for value in values]
    few = forecast(daily(values), START, as_of, sunset).verdict
    many = forecast(daily([value + more for value in values]), START, as_of, sunset).verdict
    assert ORDER.index(many) >= ORDER.index(few)


@given(
    st.dictionaries(
        st.integers(-100, 100).map(lambda n: START + timedelta(days=n)),
        st.one_of(st.integers(0, 2**63), st.floats(0, 1e18)),
    ),
    st.integers(-100, 100),
    st.integers(-100, 100),
    st.one_of(st.none(), st.dates(date(2023, 1, 1), date(2025, 1, 1))),
)
def test_it_never_fails_and_its_days_are_in_order(calls, start, asked, sunset):
    first, as_of = START + timedelta(days=start), START + timedelta(days=asked)
    found = forecast(calls, first, as_of, sunset)
    assert found.verdict in [*ORDER, "unknown"]
    if found.zero_on:
        assert as_of <= found.low <= found.zero_on
        assert found.high is None or found.zero_on <= found.high
    highest = baseline(calls, first, as_of)
    assert progress(highest, recent_mean(calls, first, as_of)) is None or highest > 0
