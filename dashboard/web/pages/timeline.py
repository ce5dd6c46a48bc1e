"""/timeline/: every sunset, past and to come."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.snapshot import Snapshot
from dashboard.charts import timeline
from dashboard.charts.card import Card
from dashboard.web.days import Request
from dashboard.web.filters import Filters
from dashboard.web.queries.deadlines import DeadlineRow, by_month, past, upcoming
from dashboard.web.words import day_text

__all__ = ["show"]

BACK, AHEAD = timedelta(days=365), timedelta(days=730)


class TimelineFilters(Filters):
    """Which sunsets to show."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = sorted({platform for platform, day in snapshot.deadlines})
        self.select("platform", gettext_lazy("Platform"), [(slug, slug) for slug in platforms])
        self.check("ours", gettext_lazy("Only what we call"))

    def keep(self, row: DeadlineRow, as_of: date) -> bool:
        platform = self.chosen("platform")
        return (
            (not platform or row.summary.platform == platform)
            and (not self.chosen("ours") or row.is_ours)
            and as_of - BACK <= row.summary.sunset_on <= as_of + AHEAD
        )


def show(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = TimelineFilters(request, snapshot)
    ahead = [row for row in upcoming(snapshot) if filters.keep(row, request.as_of)]
    behind = [row for row in past(snapshot) if filters.keep(row, request.as_of)]
    context = {
        "filters": filters,
        "ahead": by_month(ahead),
        "behind": by_month(behind),
        "chart": _card(ahead + behind, request) if ahead or behind else None,
    }
    return render(request, "pages/timeline.html", context)


def _card(rows: list[DeadlineRow], request: Request) -> Card:
    here = "today" if request.as_of == request.today else "as of"
    keep = "" if request.as_of == request.today else f"?as_of={request.as_of}"
    points = [
        timeline.Sunset(
            row.summary.platform,
            row.summary.sunset_on,
            row.models,
            row.summary.remaining,
            reverse("deadline", args=[row.summary.platform, row.summary.sunset_on]) + keep,
        )
        for row in rows
    ]
    days = [point.day for point in points] + [request.as_of]
    margin = timedelta(days=20)
    return Card(
        id="timeline",
        title=_("Sunsets by platform"),
        summary=_("%(n)s sunset days; larger marks are more models.") % {"n": len(points)},
        figure=timeline.sunsets(points, request.as_of, min(days) - margin, max(days) + margin, here=here, say=_),
        columns=(_("Sunset"), _("Platform"), _("Models"), _("Calls per day")),
        rows=[(p.day, p.platform, p.models, p.calls) for p in sorted(points, key=lambda p: (p.day, p.platform))],
        note=_("As known on %(day)s. A mark opens its deadline.") % {"day": day_text(request.as_of)},
    )
