"""The timeline: a point per sunset and milestone, on the line of its platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.charts.layout import Figure, Marker, Translate, day_axis, figure, marker_layout, untranslated
from dashboard.charts.palette import TIME_LEFT, css_var, gettext_noop, time_left_key

__all__ = ["MilestonePoint", "SunsetPoint", "timeline_figure"]


@dataclass(frozen=True, slots=True)
class SunsetPoint:
    """One deadline: its number of models, how many of them no first-hand source confirms, and calls per day.

    `platform` is the display name.
    """

    platform: str
    day: date
    models: int
    calls: float
    url: str
    unverified: int = 0


@dataclass(frozen=True, slots=True)
class MilestonePoint:
    """A milestone other than a sunset, of one platform on one day. `label` is its kind, translated."""

    platform: str
    day: date
    kind: str
    label: str
    models: int
    url: str
    unverified: int = 0


SYMBOLS = {
    "day": "circle",
    "afternoon": "circle",
    "evening": "diamond",
    "dusk": "triangle-up",
    "night": "circle-open",
}


MILESTONE_SYMBOLS = {
    "announced": "line-ns-open",
    "legacy": "x-thin-open",
    "closed_to_new": "line-ew-open",
    "fine_tuning_closed": "y-down-open",
    "price_change": "hash-open",
    "lockout": "cross-thin-open",
}


def timeline_figure(
    sunsets: Sequence[SunsetPoint],
    as_of: date,
    first: date,
    last: date,
    *,
    milestones: Sequence[MilestonePoint] = (),
    as_of_marker: str = "as of",
    translate: Translate = untranslated,
) -> Figure:
    """One point per deadline, as large as it has models, in the colour and shape of its daylight.

    `steps` are small and light, behind the suns, with a shape per kind.

    A point carries its deadline's address; the browser follows it on a click. `here` is the kind of marker
    that stands on `as_of`.
    """
    platforms = sorted({s.platform for s in sunsets} | {s.platform for s in milestones}, reverse=True)
    traces = [
        _other(kind, [step for step in milestones if step.kind == kind], translate) for kind in MILESTONE_SYMBOLS
    ]
    traces = [trace for trace in traces if trace["x"]]
    for name, look in TIME_LEFT.items():
        group = [s for s in sunsets if time_left_key((s.day - as_of).days) == name]
        if not group:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": translate(look.label),
                "x": [s.day for s in group],
                "y": [s.platform for s in group],
                "customdata": [
                    [s.url, s.models, round(s.calls), _unverified(s.unverified, translate)] for s in group
                ],
                "hovertemplate": "%{y}, %{x|%Y-%m-%d}<br>"
                + translate(gettext_noop("Models: %s")) % "%{customdata[1]}"
                + "%{customdata[3]}<br>"
                + translate(gettext_noop("Calls per day: %s")) % "%{customdata[2]:,d}"
                + "<extra></extra>",
                "marker": {
                    "color": css_var(f"daylight-{name}"),
                    "symbol": SYMBOLS[name],
                    "size": [_size(s.models) for s in group],
                    "opacity": 0.9,
                    "line": {"width": 1.5, "color": css_var(f"daylight-{name}")},
                },
            }
        )
    return figure(
        traces,
        xaxis=day_axis(first, last) | {"showgrid": True, "gridcolor": css_var("chart-grid")},
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": platforms,
            "range": [-0.6, len(platforms) - 0.4],
        },
        hovermode="closest",
        **marker_layout([Marker(as_of_marker, as_of)], translate),
    )


def _unverified(unverified: int, translate: Translate) -> str:
    """The number of unverified models, for a point's label; empty when there is none."""
    words = translate(gettext_noop("unverified: %s")) % unverified
    return f" ({words})" if unverified else ""


def _other(kind: str, milestones: Sequence[MilestonePoint], translate: Translate) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": milestones[0].label if milestones else kind,
        "x": [step.day for step in milestones],
        "y": [step.platform for step in milestones],
        "customdata": [[step.url, step.models, _unverified(step.unverified, translate)] for step in milestones],
        "hovertemplate": "%{fullData.name}<br>%{y}, %{x|%Y-%m-%d}<br>"
        + translate(gettext_noop("Models: %s")) % "%{customdata[1]}"
        + "%{customdata[2]}<extra></extra>",
        "marker": {
            "color": css_var("chart-other"),
            "symbol": MILESTONE_SYMBOLS[kind],
            "size": 8,
            "opacity": 0.55,
            "line": {"width": 1.5, "color": css_var("chart-other")},
        },
    }


def _size(models: int) -> float:
    """A diameter in pixels whose area grows with the number of models, within reason."""
    return round(min(8 + 3 * models**0.5, 30), 1)
