"""Charts of calls: `CallChartData` becomes a `ChartCard` with translated texts."""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from dashboard.catalog.lifecycle import EntryState
from dashboard.charts.card import ChartCard
from dashboard.charts.layout import Marker
from dashboard.charts.stacked import CYCLE, BarSeries, stacked_figure
from dashboard.web.common.call_series import CallChartData

__all__ = ["calls_chart", "entry_markers"]

LOOKS = [look for look in CYCLE if look != "other"]


def calls_chart(
    stack: CallChartData,
    *,
    chart_id: str,
    title: str,
    summary: str,
    name: Callable[[int], str],
    rest: str,
    today: date,
    markers: Sequence[Marker] = (),
) -> ChartCard | None:
    """Calls (or tokens) per day, stacked; None where there are none.

    `name` gives a part's name by its key, `rest` names what has no own part.
    """
    if stack.is_empty:
        return None
    names = [rest if part.key is None else name(part.key) for part in stack.parts]
    series = [
        BarSeries(_label(shown), part.values, "other" if part.key is None else LOOKS[i % len(LOOKS)])
        for i, (shown, part) in enumerate(zip(names, stack.parts, strict=True))
    ]
    partial = stack.days[-1] == today
    rows = list(zip(stack.days, *(part.values for part in stack.parts), strict=True))
    return ChartCard(
        id=chart_id,
        title=title,
        summary=summary,
        figure=stacked_figure(
            stack.days,
            series,
            markers=markers,
            partial=partial,
            unit=_("Calls per day") if stack.measure == "calls" else _("Tokens per day"),
        ),
        columns=(_("Day"), *names),
        rows=rows[::-1],
        note=" ".join(_notes(stack, partial=partial)),
    )


def entry_markers(entry: EntryState, first: date) -> list[Marker]:
    """The days of an entry that fall into a chart that starts on `first` and ends on the entry's day."""
    days = (("announced", entry.announced_on), ("sunset", entry.sunset_on))
    return [Marker(kind, day) for kind, day in days if day and first <= day <= entry.as_of]


def _notes(stack: CallChartData, *, partial: bool) -> list[str]:
    notes = []
    if stack.measure == "tokens":
        notes.append(_("No source reports call counts; tokens are shown."))
    if stack.uncounted:
        notes.append(_("Usage without a call count is not shown."))
    if partial:
        notes.append(_("The last day is incomplete."))
    return notes


def _label(name: str) -> str:
    """Short enough for a legend, and free of the markup that a chart's texts may carry."""
    return escape(Truncator(name).chars(40))
