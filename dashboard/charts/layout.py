"""What all figures share: axes, fonts, day markers, the look of an unfinished day.

A figure is a plain dict in Plotly's schema (tests validate it); colours are tokens (`palette.var`), which
the browser replaces by the theme's. Texts arrive translated: `translate` turns an English text into the
reader's language.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard.charts.palette import css_var, gettext_noop

__all__ = ["Figure", "Marker", "Translate", "day_axis", "figure", "marker_layout", "split_last", "untranslated"]

Figure = dict[str, Any]
Translate = Callable[[str], str]

INK, GRID, SURFACE = css_var("chart-ink"), css_var("chart-grid"), css_var("chart-surface")
MARKER_LOOKS = {
    "announced": (gettext_noop("Announced"), "chart-ink", "dot", "left"),
    "today": (gettext_noop("Today"), "ink", "solid", "right"),
    "as of": (gettext_noop("Selected day"), "ink", "solid", "right"),
    "sunset": (gettext_noop("Sunset"), "daylight-dusk", "dash", "center"),
}


def untranslated(text: str) -> str:
    """The `translate` of English."""
    return text


@dataclass(frozen=True, slots=True)
class Marker:
    """A day that a vertical line marks; `kind` is a key of `MARKER_LOOKS`."""

    kind: str
    day: date


def day_axis(first: date, last: date) -> dict[str, Any]:
    """The x axis from `first` to `last`, both in full view, with room for the label above the last day."""
    room = timedelta(days=max(2, round((last - first).days * 0.06)))
    return {
        "type": "date",
        "range": [f"{first} 00:00", f"{last + room} 00:00"],
        "hoverformat": "%a %-d %b %Y",
        "showgrid": False,
        "linecolor": GRID,
        "tickcolor": GRID,
        "ticks": "outside",
        "nticks": 8,
        "fixedrange": True,
        "automargin": True,
    }


def figure(traces: list[dict[str, Any]], *, xaxis: dict[str, Any], yaxis: dict[str, Any], **more: Any) -> Figure:
    """A figure in Sundial's look."""
    layout = {
        "xaxis": xaxis,
        "yaxis": {
            "rangemode": "tozero",
            "gridcolor": GRID,
            "zerolinecolor": GRID,
            "fixedrange": True,
            "automargin": True,
            "separatethousands": True,
            **yaxis,
        },
        "font": {"color": INK, "size": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 48 if more.get("annotations") else 12, "b": 56},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": GRID, "font": {"color": css_var("ink")}},
        "legend": {"orientation": "h", "x": 0, "y": 0.01, "yref": "container", "yanchor": "bottom"},
        "dragmode": False,
        **more,
    }
    return {"data": traces, "layout": layout}


def marker_layout(drawn: Sequence[Marker], translate: Translate) -> dict[str, Any]:
    """Layout that draws each marker as a line with its label above; neighbours alternate in height."""
    shapes, annotations = [], []
    for level, marker in enumerate(sorted(drawn, key=lambda m: m.day)):
        label, token, dash, anchor = MARKER_LOOKS[marker.kind]
        x = f"{marker.day} 00:00"
        shapes.append(
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "y0": 0,
                "y1": 1 + 0.07 * (level % 2),
                "yref": "paper",
                "layer": "above",
                "line": {"color": css_var(token), "width": 1.5, "dash": dash},
            }
        )
        annotations.append(
            {
                "x": x,
                "y": 1 + 0.07 * (level % 2),
                "yref": "paper",
                "xanchor": anchor,
                "yanchor": "bottom",
                "text": translate(label),
                "showarrow": False,
                "font": {"color": css_var(token), "size": 12},
            }
        )
    return {"shapes": shapes, "annotations": annotations}


def split_last(days: Sequence[date], values: Sequence[float | None], partial: bool) -> tuple[list, list, list]:
    """(days, values, tail): an unfinished last day is taken off; `tail` is the two points leading into it."""
    if not partial or len(days) < 2:
        return list(days), list(values), []
    return list(days[:-1]), list(values[:-1]), [(days[-2], values[-2]), (days[-1], values[-1])]
