"""Tags of all pages: addresses with the page's `as_of`, numbers and dates as text, and small components.

A component is one template in templates/components and one stylesheet in static/dashboard/components.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache, wraps
from typing import Any
from urllib.parse import urlencode

import orjson
from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import formats
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

from dashboard.charts import palette, sun
from dashboard.charts.card import ChartCard, TableCell
from dashboard.charts.sparkline import sparkline as sparkline_points
from dashboard.core.links import absolute_url
from dashboard.web.common.links import page_path

register = template.Library()

BLOCK_ESCAPES = {ord(c): f"\\u{ord(c):04X}" for c in "<>&\u2028\u2029"}
"""What could end or break a script block, as JSON escapes."""

LOOKS = {
    "source": palette.SOURCES,
    "stage": palette.STAGES,
    "status": palette.STATUSES,
    "verdict": palette.VERDICTS,
}


# Links --------------------------------------------------------------------------------------------


register.filter("absolute_url", absolute_url)


@register.simple_tag(takes_context=True)
def as_of_url(context: template.Context, url: str) -> str:
    """`url` (an object's address without a query) with the page's `as_of`."""
    day = context["site"].day
    return url if day.is_today else f"{url}?{urlencode({'as_of': day.as_of.isoformat()})}"


@register.simple_tag(takes_context=True)
def page_url(context: template.Context, name: str, *args: Any, **query: Any) -> str:
    """The address of the page `name` with the page's `as_of`; keywords become its query, empty ones left out."""
    day = context["site"].day
    parameters = {} if day.is_today else {"as_of": day.as_of.isoformat()}
    parameters |= {key: value for key, value in query.items() if value not in {None, ""}}
    return page_path(name, *args) + (f"?{urlencode(parameters)}" if parameters else "")


@register.inclusion_tag("components/as_of_field.html", takes_context=True)
def as_of_field(context: template.Context) -> dict[str, Any]:
    """The page's `as_of` as a hidden field, for a form that filters by GET."""
    return {"day": context["site"].day}


@register.simple_tag(takes_context=True)
def query_fields(context: template.Context) -> SafeString:
    """The page's query as hidden fields, for a form that changes the day: all but `as_of` and `page`."""
    query = context["request"].GET
    pairs = ((key, value) for key, values in query.lists() if key not in {"as_of", "page"} for value in values)
    return format_html_join("\n", '<input type="hidden" name="{}" value="{}">', pairs)


# Text --------------------------------------------------------------------------------------------


@register.filter
def day(value: date | datetime | None) -> SafeString | str:
    """A date in the reader's format, in a <time> element; a dash without one."""
    if value is None:
        return "–"
    return _day(value.date() if isinstance(value, datetime) else value, get_language())


@lru_cache(maxsize=4000)
def _day(value: date, language: str) -> SafeString:
    text = formats.date_format(value, pgettext("date format of PHP's date()", "j M Y"))
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), text)


@register.filter
def count(value: float | None) -> str:
    """A whole number with separators; a dash where nothing is reported."""
    return "–" if value is None else formats.number_format(round(value), force_grouping=True)


@register.filter
def compact(value: float | None) -> str:
    """A number in at most four figures: 950, 12.3k, 4.1M."""
    if value is None:
        return "–"
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if abs(value) >= limit:
            scaled = value / (1000 if unit == "k" else limit)
            return formats.number_format(scaled, 0 if scaled >= 100 else 1) + unit
    return count(value)


@register.filter
def percent(value: float | None) -> str:
    """A share of 1 as whole per cent, never rounded up to 100 or down to 0."""
    if value is None:
        return "–"
    whole = round(value * 100)
    if value < 1 and whole == 100:
        whole = 99
    if value > 0 and whole == 0:
        return "<" + pgettext("a share", "%(n)s %%") % {"n": 1}
    return pgettext("a share", "%(n)s %%") % {"n": whole}


@register.filter
def days_left(value: int | None) -> str:
    """“27 days left”, “today”, “6 days ago”; "no date" without one."""
    if value is None:
        return gettext("no date")
    if value == 0:
        return gettext("today")
    if value < 0:
        return ngettext("%(days)s day ago", "%(days)s days ago", -value) % {"days": count(-value)}
    return ngettext("%(days)s day left", "%(days)s days left", value) % {"days": count(value)}


# Components ---------------------------------------------------------------------------------------


def component(path: str) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., SafeString]]:
    """A tag that shows the template `path` with what the function returns, rendered once per arguments.

    For small components whose look depends on nothing but their arguments and the reader's language: a list
    shows hundreds of them. While `DEBUG` is on, a changed template shows at once.
    """

    def decorate(context: Callable[..., dict[str, Any]]) -> Callable[..., SafeString]:
        def render(_language: str | None, *args: Any) -> SafeString:
            return mark_safe(render_to_string(path, context(*args)).strip())  # noqa: S308 a template's output

        cached = lru_cache(maxsize=4000)(render)

        @register.simple_tag(name=context.__name__)
        @wraps(context)
        def tag(*args: Any) -> SafeString:
            return (render if settings.DEBUG else cached)(get_language(), *args)

        return tag

    return decorate


@component("components/icon.html")
def icon(name: str) -> dict[str, str]:
    """A symbol of icons.svg; it is hidden from screen readers, so text stands beside it."""
    return {"name": name}


@component("components/badge.html")
def badge(kind: str, value: str) -> dict[str, Any]:
    """A stage, status or verdict as icon and label in its tone."""
    look = LOOKS[kind].get(str(value)) or palette.Look(str(value), "quiet", "question")
    return {"look": look, "label": gettext(look.label)}


@component("components/daylight.html")
def daylight(
    left: int | None, announced_on: date | None = None, sunset_on: date | None = None, precision: str = "day"
) -> dict[str, Any]:
    """Days left as text and a bar: full on the announcement, empty on the sunset.

    Without an announcement a full bar is a year. With the precision "not_before" the days are a minimum; once they
    have passed, the sunset may come any day.
    """
    label = days_left(left)
    if left is not None and precision == "not_before":
        label = gettext("at least %(days)s") % {"days": label} if left > 0 else gettext("any day now")
        left = max(left, 0)
    name = palette.time_left_key(left) if left is not None else ""
    total = (sunset_on - announced_on).days if announced_on and sunset_on else 365
    return {
        "left": left,
        "label": label,
        "name": name,
        "look": palette.TIME_LEFT.get(name),
        "width": sun.bar_width(left or 0, total),
    }


@component("components/owner.html")
def owner(owner: str) -> dict[str, str]:
    """The owner as a mail link, with a line break allowed after the @; a badge without an owner."""
    mailbox, at, domain = owner.partition("@")
    return {"owner": owner, "mailbox": mailbox + at, "domain": domain}


@component("components/progress.html")
def progress(value: float | None) -> dict[str, Any]:
    """A share of 1 as bar and per cent."""
    return {"value": value, "width": sun.bar_width(value or 0, 1)}


@register.inclusion_tag("components/sun_arc.html")
def sun_arc(announced_on: date, sunset_on: date, as_of: date) -> dict[str, Any]:
    """The position of the day between announcement and sunset, as a sun on an arc."""
    return {"arc": sun.sun_arc(announced_on, sunset_on, as_of)}


@register.inclusion_tag("components/spark.html")
def sparkline(values: list[float], label: str) -> dict[str, Any]:
    """A line without axes; `label` is its accessible name."""
    return {"spark": sparkline_points(values), "label": label}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Any) -> dict[str, Any]:
    """Links to the pages before and after `page` (a `Page` of Django's Paginator), filters kept."""
    return {"page": page, "request": context["request"]}


@register.inclusion_tag("components/chart.html")
def chart(card: ChartCard) -> dict[str, ChartCard]:
    """The figure, drawn in the browser, with its numbers as a table."""
    return {"chart": card}


@register.filter
def figure_json(figure: dict[str, Any], element_id: str) -> SafeString:
    """A figure as a block of JSON that `charts.js` finds by its id; no value can end the block."""
    text = orjson.dumps(figure).decode().translate(BLOCK_ESCAPES)
    return format_html('<script id="{}" type="application/json">{}</script>', element_id, mark_safe(text))  # noqa: S308 escaped above


@register.filter
def table_rows(rows: Iterable[Sequence[TableCell]]) -> SafeString:
    """The rows of a chart's table. Built here because a template loop over a thousand cells is slow."""
    escaped: dict[TableCell, str] = {}

    def cell(value: TableCell) -> str:
        if value not in escaped:
            escaped[value] = conditional_escape(_cell(value))
        return escaped[value]

    lines = []
    for first, *rest in rows:
        cells = "".join([f'<td class="num">{cell(value)}</td>' for value in rest])
        lines.append(f'<tr><th scope="row">{cell(first)}</th>{cells}</tr>')
    return mark_safe("".join(lines))  # noqa: S308 every cell is escaped


def _cell(value: TableCell) -> SafeString | str:
    if value is None or isinstance(value, date):
        return day(value)
    return value if isinstance(value, str) else count(value)
