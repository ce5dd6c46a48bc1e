"""A figure as one HTML file that needs nothing else: interactive, and readable without a network or this site.

Plotly's Python package checks the figure and writes the element that draws it, with the script that pages use.
The package is loaded on first use.
"""

import re
from collections.abc import Mapping
from typing import Any

from dashboard.charts.layout import Figure

__all__ = ["figure_html", "light_colors"]

TOKEN = re.compile(r"--([a-z0-9-]+):\s*light-dark\(((?:[^(),]|\([^()]*\))+),")
VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")
CONFIG = {"responsive": True, "displaylogo": False}


def light_colors(stylesheet: str) -> dict[str, str]:
    """The colours of the light theme by token, from the text of tokens.css."""
    return {name: color.strip() for name, color in TOKEN.findall(stylesheet)}


def figure_html(figure: Figure, colors: Mapping[str, str], *, element_id: str) -> str:
    """The element that draws `figure`, and its script; Plotly.js must stand before it.

    The figure can be zoomed, unlike on a page. Raises ValueError when it is not in Plotly's schema, KeyError for a
    colour token that is not among `colors`.
    """
    import plotly.io

    zoomable = {name: {**axis, "fixedrange": False} for name, axis in figure["layout"].items() if _is_axis(name)}
    layout = {**figure["layout"], **zoomable, "dragmode": "zoom"}
    html: str = plotly.io.to_html(
        _with_colors({"data": figure["data"], "layout": layout}, colors),
        config=CONFIG,
        include_plotlyjs=False,
        full_html=False,
        div_id=element_id,
        default_height="70vh",
    )
    return html


def _is_axis(name: str) -> bool:
    return name.startswith(("xaxis", "yaxis"))


def _with_colors(value: Any, colors: Mapping[str, str]) -> Any:
    """The value with each `var(--token)` replaced by its colour."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: colors[match[1]], value)
    if isinstance(value, dict):
        return {name: _with_colors(item, colors) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_colors(item, colors) for item in value]
    return value
