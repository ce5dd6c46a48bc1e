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
from dashboard.charts.card import Card
from dashboard.web.common.as_of import Request
from dashboard.web.common.filters import Filters
from dashboard.web.common.links import address
from dashboard.web.common.verdicts import day_text
from dashboard.web.deadlines.queries import DeadlineRow, both, by_month
from dashboard.web.timeline.milestones import StepRow, other_steps

__all__ = ["show"]

BACK, AHEAD = timedelta(days=365), timedelta(days=730)


class TimelineFilters(Filters):
    """Which sunsets to show."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = sorted({platform for platform, day in snapshot.deadlines})
        self.select("platform", gettext_lazy("Platform"), [(slug, slug) for slug in platforms])
        kinds = [(kind.value, kind.label) for kind in MilestoneKind if kind != MilestoneKind.SUNSET]
        self.select(
            "steps",
            gettext_lazy("Other milestones"),
            [("none", gettext_lazy("None")), *kinds],
            any_label=gettext_lazy("All"),
        )
        self.check("ours", gettext_lazy("Only what we call"))

    def keep(self, row: DeadlineRow, as_of: date) -> bool:
        platform = self.chosen("platform")
        return (
            (not platform or row.summary.platform == platform)
            and (not self.chosen("ours") or row.is_ours)
            and as_of - BACK <= row.summary.sunset_on <= as_of + AHEAD
        )

    def other_steps(self, snapshot: Snapshot, day: date) -> list[StepRow]:
        kind, platform = self.chosen("steps"), self.chosen("platform")
        if kind == "none":
            return []
        found = other_steps(snapshot, day - BACK, day + AHEAD, ours=bool(self.chosen("ours")))
        return [row for row in found if kind in {"", row.kind} and platform in {"", row.platform}]


def show(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = TimelineFilters(request, snapshot)
    ahead, behind = ([row for row in rows if filters.keep(row, request.as_of)] for rows in both(snapshot))
    steps = filters.other_steps(snapshot, request.as_of)
    context = {
        "filters": filters,
        "ahead": by_month(ahead),
        "behind": by_month(behind),
        "chart": _card(ahead + behind, steps, request) if ahead or behind or steps else None,
    }
    return render(request, "timeline/timeline.html", context)


def _card(rows: list[DeadlineRow], steps: list[StepRow], request: Request) -> Card:
    here = "today" if request.as_of == request.today else "as of"
    keep = {} if request.as_of == request.today else {"as_of": request.as_of.isoformat()}
    points = [
        timeline.Sunset(
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
        timeline.OtherStep(
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
    return Card(
        id="timeline",
        title=_("Sunsets by platform"),
        summary=_("%(n)s sunset days; larger marks are more models. %(others)s other milestones, lighter.")
        % {"n": len(points), "others": len(others)},
        figure=timeline.sunsets(points, request.as_of, first, last, steps=others, here=here, say=_),
        columns=(_("Day"), _("Platform"), _("What"), _("Models"), _("Unverified"), _("Calls per day")),
        rows=lines,
        note=_("As known on %(day)s. A mark opens its deadline.") % {"day": day_text(request.as_of)},
    )


def _address(page: str, *args: object, **query: str) -> str:
    return address(page, *args) + (f"?{urlencode(query)}" if query else "")
