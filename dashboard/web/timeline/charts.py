"""The chart of the timeline: a point per deadline and per other milestone, each linked to its page."""

from datetime import date, timedelta

from django.utils.http import urlencode
from django.utils.translation import gettext as _

from dashboard.catalog.choices import MilestoneKind
from dashboard.charts.card import ChartCard
from dashboard.charts.timeline import MilestonePoint, SunsetPoint, timeline_figure
from dashboard.web.common.as_of import Request
from dashboard.web.common.deadline_rows import DeadlineRow
from dashboard.web.common.links import page_path
from dashboard.web.common.verdicts import day_text
from dashboard.web.timeline.milestones import MilestoneRow

__all__ = ["timeline_chart"]

MARGIN = timedelta(days=20)
"""Empty days before the first point and after the last."""


def timeline_chart(rows: list[DeadlineRow], milestones: list[MilestoneRow], request: Request) -> ChartCard | None:
    """The chart of what the timeline lists; None when it lists nothing."""
    if not rows and not milestones:
        return None
    query = {} if request.as_of == request.today else {"as_of": request.as_of.isoformat()}
    sunset_points = [_sunset_point(row, query) for row in rows]
    milestone_points = [_milestone_point(row, query) for row in milestones]
    days = [row.summary.sunset_on for row in rows] + [row.day for row in milestones] + [request.as_of]
    return ChartCard(
        id="timeline",
        title=_("Sunsets by platform"),
        summary=_("%(n)s sunset days; a larger point is more models. %(others)s other milestones, lighter.")
        % {"n": len(sunset_points), "others": len(milestone_points)},
        figure=timeline_figure(
            sunset_points,
            request.as_of,
            min(days) - MARGIN,
            max(days) + MARGIN,
            milestones=milestone_points,
            as_of_marker="today" if request.as_of == request.today else "as of",
            translate=_,
        ),
        columns=(_("Day"), _("Platform"), _("Milestone"), _("Models"), _("Unverified"), _("Calls per day")),
        rows=_table(sunset_points, milestone_points),
        note=_("As known on %(day)s. Click a point to open its page.") % {"day": day_text(request.as_of)},
    )


def _sunset_point(row: DeadlineRow, query: dict[str, str]) -> SunsetPoint:
    summary = row.summary
    return SunsetPoint(
        platform=row.platform_name,
        day=summary.sunset_on,
        models=row.models,
        calls=summary.remaining,
        url=_url(page_path("deadline", summary.platform, summary.sunset_on), query),
        unverified=row.unverified,
    )


def _milestone_point(row: MilestoneRow, query: dict[str, str]) -> MilestonePoint:
    """A point that opens its only model, or else the platform's models."""
    if len(row.entries) == 1:
        url = _url(page_path("model", row.platform, row.entries[0].id.lstrip("/")), query)
    else:
        url = _url(page_path("models"), {"platform": row.platform, **query})
    return MilestonePoint(
        platform=row.platform_name,
        day=row.day,
        kind=row.kind,
        label=str(MilestoneKind(row.kind).label),
        models=len(row.entries),
        url=url,
        unverified=sum(entry.unverified for entry in row.entries),
    )


def _table(
    sunsets: list[SunsetPoint], milestones: list[MilestonePoint]
) -> list[tuple[date, str, str, int, int, float | None]]:
    lines: list[tuple[date, str, str, int, int, float | None]] = [
        *((p.day, p.platform, _("Sunset"), p.models, p.unverified, p.calls) for p in sunsets),
        *((p.day, p.platform, p.label, p.models, p.unverified, None) for p in milestones),
    ]
    return sorted(lines, key=lambda line: line[:3])


def _url(path: str, query: dict[str, str]) -> str:
    return path + (f"?{urlencode(query)}" if query else "")
