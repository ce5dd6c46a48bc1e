"""Calls per day of a few series, stacked: a model's callers, an application's models, a source's days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.charts.layout import Figure, Marker, Translate, day_axis, figure, marker_layout, untranslated
from dashboard.charts.palette import SERIES, css_var, gettext_noop

__all__ = ["CYCLE", "BarSeries", "stacked_figure"]

CYCLE = ("retiring", "replacement", "applications", "uncatalogued", "errors", "other")
"""Keys of `palette.SERIES` to colour series without a meaning of their own, in order."""


@dataclass(frozen=True, slots=True)
class BarSeries:
    """A name as shown, one value per day (None where nothing is known), and a key of `palette.SERIES`."""

    name: str
    values: Sequence[float | None]
    look: str = "other"


def stacked_figure(
    days: Sequence[date],
    series: Sequence[BarSeries],
    *,
    markers: Sequence[Marker] = (),
    last: date | None = None,
    partial: bool = False,
    unit: str = gettext_noop("Calls per day"),
    translate: Translate = untranslated,
) -> Figure:
    """Stacked bars per day. With `partial`, the last day is hatched: it is incomplete."""
    traces = []
    for one in series:
        color = css_var(SERIES[one.look].tone)
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
        yaxis={"title": {"text": translate(unit)}},
        barmode="stack",
        bargap=0.15,
        showlegend=len(series) > 1,
        **marker_layout(markers, translate),
    )
