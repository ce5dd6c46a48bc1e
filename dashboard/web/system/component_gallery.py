"""/patterns/: every page component with made-up values, for developers."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from dashboard.charts import burndown, palette
from dashboard.charts.card import ChartCard
from dashboard.charts.layout import Marker
from dashboard.web.common.as_of import Request

__all__ = ["show"]


def show(request: Request) -> HttpResponse:
    """Render the gallery. None of its values come from the database."""
    lefts = (180, 60, 21, 3, 0, -12)
    context = {
        "stages": palette.STAGES,
        "statuses": palette.STATUSES,
        "verdicts": palette.VERDICTS,
        "tones": palette.TONES,
        "lefts": [(left, request.as_of + timedelta(days=left)) for left in lefts],
        "announced_on": request.as_of - timedelta(days=90),
        "spark": [9, 9, 8, 8, 6, 6, 5, 3, 3, 2, 1],
        "card": _card(request.as_of),
    }
    return render(request, "system/component_gallery.html", context)


def _card(as_of: date) -> ChartCard:
    days = [as_of - timedelta(days=left) for left in range(59, -1, -1)]
    retiring = [900 - 14 * i + 40 * (i % 7) for i in range(60)]
    replacement = [14 * i for i in range(60)]
    sunset = as_of + timedelta(days=20)
    marks = [Marker("announced", days[10]), Marker("as of", as_of), Marker("sunset", sunset)]
    return ChartCard(
        id="pattern-chart",
        title=_("A chart"),
        summary=_("Calls to retiring models fall while calls to their replacements rise."),
        figure=burndown.calls_figure(
            days, retiring, replacement, markers=marks, last=sunset, partial=True, translate=_
        ),
        columns=(_("Day"), _("Retiring"), _("Replacement")),
        rows=list(zip(days, retiring, replacement, strict=True)),
        note=_("Example data. The last day is not complete."),
    )
