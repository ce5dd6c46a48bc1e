"""Charts of calls as pages show them: a `Stack` of numbers becomes a `Card` with words."""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from dashboard.catalog.lifecycle import EntryState
from dashboard.charts.card import Card
from dashboard.charts.layout import Marker
from dashboard.charts.stacked import CYCLE, Series, calls_per_day
from dashboard.web.common.call_series import Stack

__all__ = ["calls_card", "marks_of"]

LOOKS = [look for look in CYCLE if look != "other"]


def calls_card(
    stack: Stack,
    *,
    chart_id: str,
    title: str,
    summary: str,
    name: Callable[[int], str],
    rest: str,
    today: date,
    marks: Sequence[Marker] = (),
) -> Card | None:
    """Calls (or tokens) per day, stacked; None where there are none.

    `name` gives a part's name by its key, `rest` names what has no own part.
    """
    if stack.is_empty:
        return None
    names = [rest if part.key is None else name(part.key) for part in stack.parts]
    series = [
        Series(_label(shown), part.values, "other" if part.key is None else LOOKS[i % len(LOOKS)])
        for i, (shown, part) in enumerate(zip(names, stack.parts, strict=True))
    ]
    partial = stack.days[-1] == today
    rows = list(zip(stack.days, *(part.values for part in stack.parts), strict=True))
    return Card(
        id=chart_id,
        title=title,
        summary=summary,
        figure=calls_per_day(
            stack.days,
            series,
            marks=marks,
            partial=partial,
            unit=_("Calls per day") if stack.measure == "calls" else _("Tokens per day"),
        ),
        columns=(_("Day"), *names),
        rows=rows[::-1],
        note=" ".join(_notes(stack, partial=partial)),
    )


def marks_of(entry: EntryState, first: date) -> list[Marker]:
    """The days of an entry that fall into a chart that starts on `first` and ends on the entry's day."""
    days = (("announced", entry.announced_on), ("sunset", entry.sunset_on))
    return [Marker(kind, day) for kind, day in days if day and first <= day <= entry.as_of]


def _notes(stack: Stack, *, partial: bool) -> list[str]:
    notes = []
    if stack.measure == "tokens":
        notes.append(_("No source counts calls here: tokens are shown."))
    if stack.uncounted:
        notes.append(_("Some of it comes without a call count and is not drawn."))
    if partial:
        notes.append(_("The last day is not over."))
    return notes


def _label(name: str) -> str:
    """Short enough for a legend, and free of the markup that a chart's texts may carry."""
    return escape(Truncator(name).chars(40))
