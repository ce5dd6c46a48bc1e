"""The charts of a deadline, with translated texts."""

from datetime import date

from django.utils.translation import gettext as _

from dashboard.charts import burndown
from dashboard.charts.burndown import ForecastLine
from dashboard.charts.card import ChartCard
from dashboard.charts.layout import Marker
from dashboard.web.common.verdicts import day_text
from dashboard.web.deadlines.detail import DeadlinePage

__all__ = ["deadline_charts"]


def deadline_charts(page: DeadlinePage, today: date, csv_url: str, html_url: str = "") -> list[ChartCard]:
    """Calls per day, applications left, and the share of calls; no chart without usage."""
    if not any(point.retiring or point.replacement for point in page.days):
        return []
    return [_calls(page, today, csv_url, html_url), _applications(page), _share(page)]


def _markers(page: DeadlinePage, today: date) -> list[Marker]:
    summary = page.summary
    as_of_kind = "today" if summary.as_of == today else "as of"
    markers = [
        Marker("announced", page.row.announced_on),
        Marker("sunset", summary.sunset_on),
        Marker(as_of_kind, summary.as_of),
    ]
    return [marker for marker in markers if marker.day >= page.days[0].day]


def _calls(page: DeadlinePage, today: date, csv_url: str, html_url: str) -> ChartCard:
    summary, points = page.summary, page.days
    forecast = summary.forecast
    trend = (
        ForecastLine(summary.as_of, summary.remaining, forecast.zero_on, forecast.low, forecast.high)
        if forecast.zero_on
        else None
    )
    tokens = summary.measure == "tokens"
    values = {"first": round(summary.baseline), "now": round(summary.remaining)}
    return ChartCard(
        id="burndown",
        title=_("Tokens per day") if tokens else _("Calls per day"),
        summary=_("Calls per day to the retiring models: baseline %(first)s, now %(now)s.") % values,
        figure=burndown.calls_figure(
            [point.day for point in points],
            [point.retiring for point in points],
            [point.replacement for point in points],
            markers=_markers(page, today),
            last=max(summary.sunset_on, points[-1].day),
            partial=points[-1].day == today,
            trend=trend,
            unit="Tokens per day" if tokens else "Calls per day",
            translate=_,
        ),
        columns=(_("Day"), _("Retiring models"), _("Replacements"), _("Applications left")),
        rows=[(p.day, p.retiring, p.replacement, p.applications_remaining) for p in reversed(points)],
        note=_note(page, today),
        csv_url=csv_url,
        html_url=html_url,
    )


def _applications(page: DeadlinePage) -> ChartCard:
    points = page.days
    return ChartCard(
        id="applications",
        title=_("Applications left"),
        summary=_("%(left)s of %(total)s applications still call a retiring model.")
        % {"left": page.row.applications_left, "total": page.summary.applications_total},
        figure=burndown.applications_figure(
            [point.day for point in points], [point.applications_remaining for point in points], translate=_
        ),
        columns=(_("Day"), _("Applications left")),
        rows=[(point.day, point.applications_remaining) for point in reversed(points)],
        short=True,
    )


def _share(page: DeadlinePage) -> ChartCard:
    points = [point for point in page.days if point.retiring or point.replacement]
    return ChartCard(
        id="share",
        title=_("Share of calls"),
        summary=_("Calls per day to retiring models and to their replacements, as shares."),
        figure=burndown.share_figure(
            [point.day for point in points],
            [point.retiring for point in points],
            [point.replacement for point in points],
            translate=_,
        ),
        columns=(_("Day"), _("Retiring models"), _("Replacements")),
        rows=[(point.day, point.retiring, point.replacement) for point in reversed(points)],
        short=True,
    )


def _note(page: DeadlinePage, today: date) -> str:
    notes = [_("Up to %(day)s.") % {"day": day_text(page.days[-1].day)}]
    if page.days[-1].day == today:
        notes.append(_("The last day is incomplete."))
    if page.summary.incomplete:
        notes.append(_("Usage without a call count is not shown."))
    return " ".join(notes)
