"""The burn-down of a deadline: calls per day to its retiring models and to their replacements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard.charts.layout import (
    Figure,
    Marker,
    Translate,
    day_axis,
    figure,
    marker_layout,
    split_last,
    untranslated,
)
from dashboard.charts.palette import SERIES, css_var, gettext_noop

__all__ = ["ForecastLine", "applications_figure", "calls_figure", "share_figure"]


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """The forecast: from `start` at `level` calls to zero on `zero_on`, between `low` and `high`."""

    start: date
    level: float
    zero_on: date
    low: date | None = None
    high: date | None = None


def calls_figure(
    days: Sequence[date],
    retiring: Sequence[float | None],
    replacement: Sequence[float | None],
    *,
    markers: Sequence[Marker] = (),
    last: date | None = None,
    partial: bool = False,
    trend: ForecastLine | None = None,
    unit: str = gettext_noop("Calls per day"),
    translate: Translate = untranslated,
) -> Figure:
    """Calls per day to retiring models and to their replacements.

    `last` is where the axis ends (the sunset, say); `partial` means the last day is incomplete. `trend`
    adds the forecast as a dotted line to zero.
    """
    traces = [
        *_line("replacement", days, replacement, partial, translate),
        *_line("retiring", days, retiring, partial, translate, fill=True),
    ]
    if trend:
        traces += _forecast(trend, translate)
    end = max([last or days[-1], days[-1], *([trend.zero_on] if trend else [])])
    # A forecast far out must not squeeze the days that happened.
    end = min(end, max(last or days[-1], days[-1]) + timedelta(days=45))
    return figure(
        traces,
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": translate(unit)}},
        **marker_layout(markers, translate),
    )


def applications_figure(
    days: Sequence[date],
    left: Sequence[float | None],
    *,
    markers: Sequence[Marker] = (),
    last: date | None = None,
    translate: Translate = untranslated,
) -> Figure:
    """Per day: how many applications still call a retiring model."""
    look = SERIES["applications"]
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": translate(look.label),
        "x": list(days),
        "y": list(left),
        "line": {"color": css_var(look.tone), "width": 2.5, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": css_var(f"{look.tone}-fill"),
        "hovertemplate": "%{y:,d}",
    }
    end = max(last or days[-1], days[-1])
    return figure(
        [trace],
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": translate(look.label)}, "tickformat": ",d"},
        showlegend=False,
        **marker_layout(markers, translate),
    )


def share_figure(
    days: Sequence[date],
    retiring: Sequence[float | None],
    replacement: Sequence[float | None],
    *,
    markers: Sequence[Marker] = (),
    last: date | None = None,
    translate: Translate = untranslated,
) -> Figure:
    """Per day: how the calls to both are split, as a stack to 100 %."""
    traces = []
    for key, values in (("replacement", replacement), ("retiring", retiring)):
        look = SERIES[key]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": translate(look.label),
                "x": list(days),
                "y": list(values),
                "stackgroup": "calls",
                "groupnorm": "percent",
                "line": {"color": css_var(look.tone), "width": 1.5},
                "fillcolor": css_var(f"{look.tone}-fill"),
                "hovertemplate": "%{y:.0f} %",
            }
        )
    end = max(last or days[-1], days[-1])
    return figure(
        traces,
        xaxis=day_axis(days[0], end),
        yaxis={
            "title": {"text": translate(gettext_noop("Share of calls"))},
            "ticksuffix": " %",
            "range": [0, 100],
        },
        **marker_layout(markers, translate),
    )


def _line(
    key: str,
    days: Sequence[date],
    values: Sequence[float | None],
    partial: bool,
    translate: Translate,
    fill: bool = False,
) -> list[dict[str, Any]]:
    look = SERIES[key]
    full_days, full_values, tail = split_last(days, values, partial)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": translate(look.label),
        "x": full_days,
        "y": full_values,
        "line": {"color": css_var(look.tone), "width": 2.5},
        "hovertemplate": "%{y:,.0f}",
    }
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": css_var(f"{look.tone}-fill")}
    traces = [trace]
    if tail:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": translate(gettext_noop("Incomplete day")),
                "x": [day for day, _ in tail],
                "y": [value for _, value in tail],
                "line": {"color": css_var(look.tone), "width": 2, "dash": "dot"},
                "marker": {"symbol": ["circle", "circle-open"], "size": [1, 8], "color": css_var(look.tone)},
                "showlegend": False,
                "hovertemplate": "%{y:,.0f}",
            }
        )
    return traces


def _forecast(trend: ForecastLine, translate: Translate) -> list[dict[str, Any]]:
    color = css_var(SERIES["retiring"].tone)
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": translate(gettext_noop("Forecast")),
        "x": [trend.start, trend.zero_on],
        "y": [trend.level, 0],
        "line": {"color": color, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }
    if not trend.low or not trend.high:
        return [line]
    interval = {
        "type": "scatter",
        "mode": "lines",
        "name": translate(gettext_noop("80 % interval")),
        "x": [trend.low, trend.high],
        "y": [0, 0],
        "line": {"color": color, "width": 7},
        "opacity": 0.45,
        "hoverinfo": "skip",
    }
    return [line, interval]
