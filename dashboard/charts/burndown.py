"""The burn-down of a deadline: calls to retiring models falling, calls to their replacements rising."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard.charts.layout import Figure, Marker, Say, as_is, day_axis, figure, markers, split_last
from dashboard.charts.palette import SERIES, gettext_noop, var

__all__ = ["Trend", "applications", "calls", "share"]


@dataclass(frozen=True, slots=True)
class Trend:
    """Where the forecast points: from `start` at `level` calls to zero on `zero_on`, between `low` and `high`."""

    start: date
    level: float
    zero_on: date
    low: date | None = None
    high: date | None = None


def calls(
    days: Sequence[date],
    retiring: Sequence[float | None],
    replacement: Sequence[float | None],
    *,
    marks: Sequence[Marker] = (),
    last: date | None = None,
    partial: bool = False,
    trend: Trend | None = None,
    unit: str = gettext_noop("Calls per day"),
    say: Say = as_is,
) -> Figure:
    """Per day: what still goes to retiring models, and what their replacements get.

    `last` is where the axis ends (the sunset, say); `partial` means the last day is not over. `trend`
    adds the forecast as a dotted line to zero.
    """
    traces = [
        *_line("replacement", days, replacement, partial, say),
        *_line("retiring", days, retiring, partial, say, fill=True),
    ]
    if trend:
        traces += _forecast(trend, say)
    end = max([last or days[-1], days[-1], *([trend.zero_on] if trend else [])])
    # A forecast far out must not squeeze the days that happened.
    end = min(end, max(last or days[-1], days[-1]) + timedelta(days=45))
    return figure(
        traces,
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": say(unit)}},
        **markers(marks, say),
    )


def applications(
    days: Sequence[date],
    left: Sequence[float | None],
    *,
    marks: Sequence[Marker] = (),
    last: date | None = None,
    say: Say = as_is,
) -> Figure:
    """Per day: how many applications still call a retiring model."""
    look = SERIES["applications"]
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": say(look.label),
        "x": list(days),
        "y": list(left),
        "line": {"color": var(look.tone), "width": 2.5, "shape": "hv"},
        "fill": "tozeroy",
        "fillcolor": var(f"{look.tone}-fill"),
        "hovertemplate": "%{y:,d}",
    }
    end = max(last or days[-1], days[-1])
    return figure(
        [trace],
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": say(look.label)}, "tickformat": ",d"},
        showlegend=False,
        **markers(marks, say),
    )


def share(
    days: Sequence[date],
    retiring: Sequence[float | None],
    replacement: Sequence[float | None],
    *,
    marks: Sequence[Marker] = (),
    last: date | None = None,
    say: Say = as_is,
) -> Figure:
    """Per day: how the calls to both are split, as a stack to 100 %."""
    traces = []
    for key, values in (("replacement", replacement), ("retiring", retiring)):
        look = SERIES[key]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": say(look.label),
                "x": list(days),
                "y": list(values),
                "stackgroup": "calls",
                "groupnorm": "percent",
                "line": {"color": var(look.tone), "width": 1.5},
                "fillcolor": var(f"{look.tone}-fill"),
                "hovertemplate": "%{y:.0f} %",
            }
        )
    end = max(last or days[-1], days[-1])
    return figure(
        traces,
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": say(gettext_noop("Share of calls"))}, "ticksuffix": " %", "range": [0, 100]},
        **markers(marks, say),
    )


def _line(
    key: str, days: Sequence[date], values: Sequence[float | None], partial: bool, say: Say, fill: bool = False
) -> list[dict[str, Any]]:
    look = SERIES[key]
    full_days, full_values, tail = split_last(days, values, partial)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "name": say(look.label),
        "x": full_days,
        "y": full_values,
        "line": {"color": var(look.tone), "width": 2.5},
        "hovertemplate": "%{y:,.0f}",
    }
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": var(f"{look.tone}-fill")}
    traces = [trace]
    if tail:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": say(gettext_noop("The day is not over")),
                "x": [day for day, _ in tail],
                "y": [value for _, value in tail],
                "line": {"color": var(look.tone), "width": 2, "dash": "dot"},
                "marker": {"symbol": ["circle", "circle-open"], "size": [1, 8], "color": var(look.tone)},
                "showlegend": False,
                "hovertemplate": "%{y:,.0f}",
            }
        )
    return traces


def _forecast(trend: Trend, say: Say) -> list[dict[str, Any]]:
    color = var(SERIES["retiring"].tone)
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": say(gettext_noop("Forecast")),
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
        "name": say(gettext_noop("80 % interval")),
        "x": [trend.low, trend.high],
        "y": [0, 0],
        "line": {"color": color, "width": 7},
        "opacity": 0.45,
        "hoverinfo": "skip",
    }
    return [line, interval]
