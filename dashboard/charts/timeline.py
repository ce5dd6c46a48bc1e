"""The timeline: every sunset as a sun on its platform's line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from dashboard.charts.layout import Figure, Marker, Say, as_is, day_axis, figure, markers
from dashboard.charts.palette import DAYLIGHT, daylight, gettext_noop, var

__all__ = ["OtherStep", "Sunset", "sunsets"]


@dataclass(frozen=True, slots=True)
class Sunset:
    """One deadline. `models` says how many entries, `unverified` how many of them rest on no first-hand source,
    `calls` how many calls a day still go there.
    """

    platform: str
    day: date
    models: int
    calls: float
    url: str
    unverified: int = 0


@dataclass(frozen=True, slots=True)
class OtherStep:
    """A milestone that is no sunset, of one platform on one day. `label` is its kind in words."""

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


STEP_SYMBOLS = {
    "announced": "line-ns-open",
    "legacy": "x-thin-open",
    "closed_to_new": "line-ew-open",
    "fine_tuning_closed": "y-down-open",
    "price_change": "hash-open",
    "lockout": "cross-thin-open",
}


def sunsets(
    found: Sequence[Sunset],
    as_of: date,
    first: date,
    last: date,
    *,
    steps: Sequence[OtherStep] = (),
    here: str = "as of",
    say: Say = as_is,
) -> Figure:
    """One point per deadline, as large as it has models, in the colour and shape of its daylight.

    `steps` are small and light, behind the suns, with a shape per kind.

    A point carries its deadline's address; the browser follows it on a click. `here` is the kind of marker
    that stands on `as_of`.
    """
    platforms = sorted({s.platform for s in found} | {s.platform for s in steps}, reverse=True)
    traces = [_other(kind, [step for step in steps if step.kind == kind], say) for kind in STEP_SYMBOLS]
    traces = [trace for trace in traces if trace["x"]]
    for name, look in DAYLIGHT.items():
        group = [s for s in found if daylight((s.day - as_of).days) == name]
        if not group:
            continue
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": say(look.label),
                "x": [s.day for s in group],
                "y": [s.platform for s in group],
                "customdata": [[s.url, s.models, round(s.calls), _doubt(s.unverified, say)] for s in group],
                "hovertemplate": "%{y}, %{x|%Y-%m-%d}<br>"
                + say(gettext_noop("models: %s")) % "%{customdata[1]}"
                + "%{customdata[3]}<br>"
                + say(gettext_noop("calls a day: %s")) % "%{customdata[2]:,d}"
                + "<extra></extra>",
                "marker": {
                    "color": var(f"daylight-{name}"),
                    "symbol": SYMBOLS[name],
                    "size": [_size(s.models) for s in group],
                    "opacity": 0.9,
                    "line": {"width": 1.5, "color": var(f"daylight-{name}")},
                },
            }
        )
    return figure(
        traces,
        xaxis=day_axis(first, last) | {"showgrid": True, "gridcolor": var("chart-grid")},
        yaxis={
            "type": "category",
            "categoryorder": "array",
            "categoryarray": platforms,
            "range": [-0.6, len(platforms) - 0.4],
        },
        hovermode="closest",
        **markers([Marker(here, as_of)], say),
    )


def _doubt(unverified: int, say: Say) -> str:
    """How many of a mark's models nobody first-hand has confirmed, for its label."""
    words = say(gettext_noop("unverified: %s")) % unverified
    return f" ({words})" if unverified else ""


def _other(kind: str, steps: Sequence[OtherStep], say: Say) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": steps[0].label if steps else kind,
        "x": [step.day for step in steps],
        "y": [step.platform for step in steps],
        "customdata": [[step.url, step.models, _doubt(step.unverified, say)] for step in steps],
        "hovertemplate": "%{fullData.name}<br>%{y}, %{x|%Y-%m-%d}<br>"
        + say(gettext_noop("models: %s")) % "%{customdata[1]}"
        + "%{customdata[2]}<extra></extra>",
        "marker": {
            "color": var("chart-other"),
            "symbol": STEP_SYMBOLS[kind],
            "size": 8,
            "opacity": 0.55,
            "line": {"width": 1.5, "color": var("chart-other")},
        },
    }


def _size(models: int) -> float:
    """A diameter in pixels whose area grows with the number of models, within reason."""
    return round(min(8 + 3 * models**0.5, 30), 1)
