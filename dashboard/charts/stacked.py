"""Calls per day of a few series, stacked: a model's callers, an application's models, a source's days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.charts.layout import Figure, Marker, Say, as_is, day_axis, figure, markers
from dashboard.charts.palette import SERIES, gettext_noop, var

__all__ = ["CYCLE", "Series", "calls_per_day"]

CYCLE = ("retiring", "replacement", "applications", "uncatalogued", "errors", "other")
"""Keys of `palette.SERIES` to colour series without a meaning of their own, in order."""


@dataclass(frozen=True, slots=True)
class Series:
    """A name as shown, one value per day (None where nothing is known), and a key of `palette.SERIES`."""

    name: str
    values: Sequence[float | None]
    look: str = "other"


def calls_per_day(
    days: Sequence[date],
    series: Sequence[Series],
    *,
    marks: Sequence[Marker] = (),
    last: date | None = None,
    partial: bool = False,
    unit: str = gettext_noop("Calls per day"),
    say: Say = as_is,
) -> Figure:
    """Stacked bars per day. With `partial`, the last day is drawn hatched: it is not over."""
    traces = []
    for one in series:
        color = var(SERIES[one.look].tone)
        shapes = ["" for _ in days]
        if partial and shapes:
            shapes[-1] = "/"
        traces.append(
            {
                "type": "bar",
                "name": one.name,
                "x": list(days),
                "y": list(one.values),
                "marker": {
                    "color": color,
                    "line": {"width": 0},
                    "pattern": {"shape": shapes, "fillmode": "replace", "fgcolor": color},
                },
                "hovertemplate": "%{y:,.0f}",
            }
        )
    end = max(last or days[-1], days[-1])
    return figure(
        traces,
        xaxis=day_axis(days[0], end),
        yaxis={"title": {"text": say(unit)}},
        barmode="stack",
        bargap=0.15,
        showlegend=len(series) > 1,
        **markers(marks, say),
    )
