"""A figure as HTML that leaves the site: valid for Plotly, in real colours, zoomable."""

import json
import re

import pytest

from dashboard.charts.export import figure_html, light_colors
from tests.charts.test_figures import FIGURES

COLORS = light_colors(
    """
    :root { --ink: light-dark(#191d33, #eceefa);
      --chart-retiring-fill: light-dark(rgb(215 106 16 / 22%), rgb(247 161 75 / 24%)); }
    """
)


class AnyColor(dict):
    def __missing__(self, token: str) -> str:
        return "#123456"


def drawn(html: str) -> list:
    """Data and layout as the script gets them."""
    call = re.search(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*(\[.*\]),\s*(\{.*\}),\s*(\{.*\})\s*\)", html, re.DOTALL)
    assert call
    return [json.loads(part) for part in call.groups()]


def test_the_light_colours_are_read_with_their_own_commas_and_blanks():
    assert COLORS == {"ink": "#191d33", "chart-retiring-fill": "rgb(215 106 16 / 22%)"}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_becomes_an_element_with_its_numbers_and_real_colours(name):
    html = figure_html(FIGURES[name], AnyColor(), element_id="chart")
    data, layout, _ = drawn(html)
    assert len(data) == len(FIGURES[name]["data"])
    assert "var(--" not in html
    assert 'id="chart"' in html
    assert not layout["xaxis"]["fixedrange"]


def test_a_name_cannot_leave_its_place():
    hostile = "</script><script>alert(1)</script>"
    figure = {"data": [{"type": "scatter", "name": hostile, "x": [1], "y": [2]}], "layout": {}}
    html = figure_html(figure, {}, element_id="chart")
    assert hostile not in html
    assert drawn(html)[0][0]["name"] == hostile


def test_a_colour_that_is_missing_is_an_error():
    with pytest.raises(KeyError):
        figure_html(FIGURES["burn-down"], {}, element_id="chart")


def test_a_figure_that_plotly_does_not_know_is_an_error():
    with pytest.raises(ValueError, match="nonsense"):
        figure_html({"data": [{"type": "scatter", "nonsense": 1}], "layout": {}}, {}, element_id="chart")
