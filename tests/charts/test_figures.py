"""Figures are valid for Plotly, carry the numbers they were given, and colours only as tokens."""

import json
import re
from datetime import date, timedelta

import orjson
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import burndown, sparkline, stacked, sun, timeline
from dashboard.charts.burndown import ForecastLine
from dashboard.charts.layout import Marker
from dashboard.charts.stacked import BarSeries
from dashboard.charts.timeline import SunsetPoint

FIRST = date(2023, 11, 1)
DAYS = [FIRST + timedelta(days=n) for n in range(30)]
RETIRING = [300 - 10 * n for n in range(30)]
REPLACEMENT = [10 * n for n in range(30)]
SUNSET = date(2024, 1, 4)
MARKS = [Marker("announced", DAYS[2]), Marker("as of", DAYS[-1]), Marker("sunset", SUNSET)]
TREND = ForecastLine(DAYS[-1], 10, date(2023, 12, 20), date(2023, 12, 10), date(2024, 1, 2))

FIGURES = {
    "burn-down": burndown.calls_figure(
        DAYS, RETIRING, REPLACEMENT, markers=MARKS, last=SUNSET, partial=True, trend=TREND
    ),
    "burn-down of one day": burndown.calls_figure(DAYS[:1], [3], [None], partial=True),
    "applications": burndown.applications_figure(DAYS, REPLACEMENT, markers=MARKS),
    "share": burndown.share_figure(DAYS, RETIRING, REPLACEMENT),
    "timeline": timeline.timeline_figure([SunsetPoint("openai", SUNSET, 33, 500, "/x")], FIRST, FIRST, SUNSET),
    "empty timeline": timeline.timeline_figure([], FIRST, FIRST, SUNSET),
    "traffic": stacked.stacked_figure(
        DAYS, [BarSeries("shop", RETIRING, "retiring"), BarSeries("x", REPLACEMENT)]
    ),
}


def strings(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def trace(figure, name):
    return next(t for t in figure["data"] if t["name"] == name)


@pytest.mark.parametrize("name", FIGURES)
def test_plotly_accepts_the_figure(name):
    figure = FIGURES[name]
    go.Figure(json.loads(orjson.dumps(figure)))
    assert set(figure) == {"data", "layout"}


@pytest.mark.parametrize("name", FIGURES)
def test_colours_are_tokens_so_that_both_themes_fit(name):
    literal = re.compile(r"#[0-9a-f]{3,8}$|rgb", re.IGNORECASE)
    assert {s for s in strings(FIGURES[name]) if literal.match(s)} <= {"rgba(0,0,0,0)"}


def test_the_burn_down_carries_the_numbers_it_was_given():
    figure = burndown.calls_figure(DAYS, RETIRING, REPLACEMENT)
    line = trace(figure, "Retiring models")
    assert line["x"] == DAYS
    assert line["y"] == RETIRING
    assert trace(figure, "Replacements")["y"] == REPLACEMENT


def test_an_unfinished_last_day_is_drawn_apart():
    figure = burndown.calls_figure(DAYS, RETIRING, REPLACEMENT, partial=True)
    assert trace(figure, "Retiring models")["x"] == DAYS[:-1]
    tails = [t for t in figure["data"] if t["name"] == "Incomplete day"]
    assert [t["x"] for t in tails] == [DAYS[-2:], DAYS[-2:]]
    assert {t["line"]["dash"] for t in tails} == {"dot"}


def test_an_unfinished_last_bar_is_hatched():
    figure = stacked.stacked_figure(DAYS, [BarSeries("shop", RETIRING)], partial=True)
    shapes = figure["data"][0]["marker"]["pattern"]["shape"]
    assert shapes[-1] == "/"
    assert not any(shapes[:-1])


def test_markers_stand_on_their_days_with_their_words():
    layout = burndown.calls_figure(DAYS, RETIRING, REPLACEMENT, markers=MARKS, last=SUNSET)["layout"]
    assert [s["x0"][:10] for s in layout["shapes"]] == ["2023-11-03", "2023-11-30", "2024-01-04"]
    assert [a["text"] for a in layout["annotations"]] == ["Announced", "Selected day", "Sunset"]


def test_the_forecast_leads_from_now_to_zero_and_shows_its_interval():
    figure = FIGURES["burn-down"]
    assert trace(figure, "Forecast")["y"] == [10, 0]
    assert trace(figure, "80 % interval")["x"] == [TREND.low, TREND.high]


def test_a_forecast_far_away_does_not_squeeze_the_days_that_happened():
    far = ForecastLine(DAYS[-1], 10, date(2030, 1, 1))
    layout = burndown.calls_figure(DAYS, RETIRING, REPLACEMENT, last=SUNSET, trend=far)["layout"]
    assert layout["xaxis"]["range"][1] < "2024-03-15"


def test_words_pass_through_the_translation():
    figure = burndown.calls_figure(DAYS, RETIRING, REPLACEMENT, markers=MARKS, trend=TREND, translate=str.upper)
    assert {"RETIRING MODELS", "REPLACEMENTS", "FORECAST"} <= {t["name"] for t in figure["data"]}
    assert figure["layout"]["annotations"][0]["text"] == "ANNOUNCED"


def test_a_sunset_leads_to_its_deadline_and_grows_with_its_models():
    few, many = SunsetPoint("openai", SUNSET, 1, 0, "/a"), SunsetPoint("azure", SUNSET, 40, 7, "/b")
    (group,) = timeline.timeline_figure([few, many], FIRST, FIRST, SUNSET)["data"]
    assert [c[0] for c in group["customdata"]] == ["/a", "/b"]
    assert group["marker"]["size"][0] < group["marker"]["size"][1]


@given(st.lists(st.none() | st.integers(0, 10**12), max_size=60))
def test_a_spark_stays_in_its_view(values):
    for point in sparkline.sparkline(values).line.split():
        x, y = map(float, point.split(","))
        assert 0 <= x <= 100
        assert 0 <= y <= 24


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 900), st.integers(-900, 1800))
def test_the_sun_moves_left_to_right_and_is_up_only_before_the_sunset(announced, length, offset):
    sunset, as_of = announced + timedelta(days=length), announced + timedelta(days=offset)
    arc = sun.sun_arc(announced, sunset, as_of)
    assert 20 <= float(arc.x) <= 300
    assert arc.set == (as_of >= sunset)
    assert (float(arc.y) > 96) == arc.set


def test_a_bar_of_daylight_is_full_at_first_and_empty_at_the_end():
    assert sun.bar_width(100, 100) == "100.0"
    assert sun.bar_width(50, 100) == "50.0"
    assert sun.bar_width(0, 100) == "0"
    assert float(sun.bar_width(1, 900)) > 0
