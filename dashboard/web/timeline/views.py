"""/timeline/: every sunset, past and to come."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import MilestoneKind
from dashboard.catalog.snapshot import Snapshot
from dashboard.charts import timeline
from dashboard.charts.card import ChartCard
from dashboard.web.common.as_of import Request
from dashboard.web.common.deadline_rows import DeadlineRow, list_deadlines
from dashboard.web.common.filters import FilterForm
from dashboard.web.common.links import page_path
from dashboard.web.common.verdicts import day_text
from dashboard.web.timeline.milestones import MilestoneRow, list_milestones
from dashboard.web.timeline.months import group_by_month

__all__ = ["show"]

BACK, AHEAD = timedelta(days=365), timedelta(days=730)


class TimelineFilters(FilterForm):
    """Which sunsets to show."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = sorted({platform for platform, day in snapshot.deadlines})
        self.add_choice("platform", gettext_lazy("Platform"), [(slug, slug) for slug in platforms])
        kinds = [(kind.value, kind.label) for kind in MilestoneKind if kind != MilestoneKind.SUNSET]
        self.add_choice(
            "steps",
            gettext_lazy("Other milestones"),
            [("none", gettext_lazy("None")), *kinds],
            any_label=gettext_lazy("All"),
        )
        self.add_checkbox("ours", gettext_lazy("Only what we call"))

    def keep(self, row: DeadlineRow, as_of: date) -> bool:
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
        [row for row in rows if filters.keep(row, request.as_of)] for rows in list_deadlines(snapshot)
    )
    steps = filters.list_milestones(snapshot, request.as_of)
    context = {
        "filters": filters,
        "ahead": group_by_month(ahead),
        "behind": group_by_month(behind),
        "chart": _card(ahead + behind, steps, request) if ahead or behind or steps else None,
    }
    return render(request, "timeline/timeline.html", context)


def _card(rows: list[DeadlineRow], steps: list[MilestoneRow], request: Request) -> ChartCard:
    here = "today" if request.as_of == request.today else "as of"
    keep = {} if request.as_of == request.today else {"as_of": request.as_of.isoformat()}
    points = [
        timeline.SunsetPoint(
            row.summary.platform,
            row.summary.sunset_on,
            row.models,
            row.summary.remaining,
            _address("deadline", row.summary.platform, row.summary.sunset_on, **keep),
            row.unverified,
        )
        for row in rows
    ]
    others = [
        timeline.MilestonePoint(
            row.platform,
            row.day,
            row.kind,
            str(MilestoneKind(row.kind).label),
            len(row.entries),
            _address("model", row.platform, row.entries[0].id.lstrip("/"), **keep)
            if len(row.entries) == 1
            else _address("models", platform=row.platform, **keep),
            sum(entry.unverified for entry in row.entries),
        )
        for row in steps
    ]
    days = [point.day for point in points] + [step.day for step in others] + [request.as_of]
    margin = timedelta(days=20)
    first, last = min(days) - margin, max(days) + margin
    lines: list[tuple[date, str, str, int, int, float | None]] = [
        *((p.day, p.platform, _("Sunset"), p.models, p.unverified, p.calls) for p in points),
        *((s.day, s.platform, s.label, s.models, s.unverified, None) for s in others),
    ]
    lines.sort(key=lambda line: line[:3])
    return ChartCard(
        id="timeline",
        title=_("Sunsets by platform"),
        summary=_("%(n)s sunset days; larger marks are more models. %(others)s other milestones, lighter.")
        % {"n": len(points), "others": len(others)},
        figure=timeline.timeline_figure(
            points, request.as_of, first, last, milestones=others, as_of_marker=here, translate=_
        ),
        columns=(_("Day"), _("Platform"), _("What"), _("Models"), _("Unverified"), _("Calls per day")),
        rows=lines,
        note=_("As known on %(day)s. A mark opens its deadline.") % {"day": day_text(request.as_of)},
    )


def _address(page: str, *args: object, **query: str) -> str:
    return page_path(page, *args) + (f"?{urlencode(query)}" if query else "")
