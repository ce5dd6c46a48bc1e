"""/timeline/: announced sunsets and other milestones, past and upcoming."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import MilestoneKind
from dashboard.catalog.snapshot import Snapshot
from dashboard.web.common.as_of import Request
from dashboard.web.common.deadline_rows import DeadlineRow, list_deadlines
from dashboard.web.common.filters import FilterForm, platform_choices
from dashboard.web.timeline.charts import timeline_chart
from dashboard.web.timeline.milestones import MilestoneRow, list_milestones
from dashboard.web.timeline.months import group_by_month

__all__ = ["show"]

BACK, AHEAD = timedelta(days=365), timedelta(days=730)


class TimelineFilters(FilterForm):
    """Which sunsets and milestones to show."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = platform_choices(snapshot, (platform for platform, day in snapshot.deadlines))
        self.add_choice("platform", gettext_lazy("Platform"), platforms)
        kinds = [(kind.value, kind.label) for kind in MilestoneKind if kind != MilestoneKind.SUNSET]
        self.add_choice(
            "steps",
            gettext_lazy("Other milestones"),
            [("none", gettext_lazy("None")), *kinds],
            any_label=gettext_lazy("All"),
        )
        self.add_checkbox("ours", gettext_lazy("Only models we call"))

    def matches(self, row: DeadlineRow, as_of: date) -> bool:
        platform = self.value("platform")
        return (
            (not platform or row.summary.platform == platform)
            and (not self.value("ours") or row.is_ours)
            and as_of - BACK <= row.summary.sunset_on <= as_of + AHEAD
        )

    def list_milestones(self, snapshot: Snapshot, day: date) -> list[MilestoneRow]:
        kind, platform = self.value("steps"), self.value("platform")
        if kind == "none":
            return []
        found = list_milestones(snapshot, day - BACK, day + AHEAD, ours=bool(self.value("ours")))
        return [row for row in found if kind in {"", row.kind} and platform in {"", row.platform}]


def show(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = TimelineFilters(request, snapshot)
    ahead, behind = (
        [row for row in rows if filters.matches(row, request.as_of)] for rows in list_deadlines(snapshot)
    )
    milestones = filters.list_milestones(snapshot, request.as_of)
    context = {
        "filters": filters,
        "ahead": group_by_month(ahead),
        "behind": group_by_month(behind),
        "chart": timeline_chart(ahead + behind, milestones, request),
    }
    return render(request, "timeline/timeline.html", context)
