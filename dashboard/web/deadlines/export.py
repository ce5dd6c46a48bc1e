"""The burn-down of a deadline as one interactive HTML file that leaves the site."""

from datetime import date
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.charts.export import figure_html, light_colors
from dashboard.web.deadlines.charts import deadline_charts
from dashboard.web.deadlines.detail import load_deadline

__all__ = ["burndown_html"]


def burndown_html(deadline: Deadline, snapshot: Snapshot, today: date) -> str | None:
    """The document, in the language that is active; None while there is no usage to draw.

    Plotly.js is in it (1.2 MB), so it opens without a network.
    """
    page = load_deadline(deadline, snapshot, lambda rows: Paginator(rows, 1).page(1))
    charts = deadline_charts(page, today, "")
    if not charts:
        return None
    chart = charts[0]
    context = {
        "page": page,
        "chart": chart,
        "platform": snapshot.platform_name(deadline.platform),
        "source_urls": list(dict.fromkeys(url for group in page.groups for url in group.source_urls)),
        "site": settings.SUNDIAL_BASE_URL,
        # Both are ours: the vendored script, and what Plotly wrote around a figure whose JSON it escapes.
        "plotly_js": mark_safe(_static_text("dashboard/vendor/plotly-basic.min.js")),  # noqa: S308
        "figure": mark_safe(  # noqa: S308
            figure_html(chart.figure, light_colors(_static_text("dashboard/tokens.css")), element_id=chart.id)
        ),
    }
    return render_to_string("deadlines/burndown_export.html", context)


@cache
def _static_text(name: str) -> str:
    path = finders.find(name)
    if not path:
        raise FileNotFoundError(name)
    return Path(path).read_text(encoding="utf-8")
