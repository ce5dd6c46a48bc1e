"""Tags of the list and detail pages: links to catalog entries, dates with their precision, filters."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import CheckboxInput
from django.urls import NoReverseMatch, reverse
from django.utils import formats
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext

from dashboard.catalog.choices import Kind, MilestoneKind, OnSunset
from dashboard.catalog.lifecycle import EntryState
from dashboard.web.common.filters import FilterForm
from dashboard.web.common.links import page_path
from dashboard.web.templatetags import sundial

register = template.Library()


@register.simple_tag(takes_context=True)
def entry_url(context: template.Context, entry: EntryState) -> str:
    """The address of an entry's page, on the page's day."""
    return sundial.as_of_url(context, page_path("model", entry.platform, entry.id.lstrip("/")))


@register.simple_tag(takes_context=True)
def entry_link(context: template.Context, entry: EntryState, *, platform: bool = True) -> SafeString:
    """An entry as a link; with its platform's display name where a page mixes several."""
    return cached_entry_link(
        entry_url(context, entry), entry.platform_name if platform else "", entry.id, entry.unverified
    )


@sundial.component("components/entry.html")
def cached_entry_link(url: str, platform_name: str, name: str, unverified: bool) -> dict[str, Any]:
    """What `entry_link` shows, rendered once per arguments."""
    return {"url": url, "platform_name": platform_name, "name": name, "unverified": unverified}


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters(context: template.Context, form: FilterForm) -> dict[str, Any]:
    """A list's filters as a row of fields, sent by GET, the day kept."""
    return {"form": form, "site": context["site"], "request": context["request"]}


@register.simple_tag(takes_context=True)
def csv_url(context: template.Context) -> str:
    """This page's list, with its filters, as a CSV file."""
    query = context["request"].GET.copy()
    query.pop("page", None)
    query["format"] = "csv"
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def admin_url(context: template.Context, admin_page: str, *args: Any, **initial: Any) -> str:
    """The address of an admin page for those who may open the admin; "" for others, and where there is none."""
    if not context["request"].user.is_staff:
        return ""
    try:
        url = reverse(f"admin:{admin_page}", args=args)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(initial)}" if initial else url


@register.filter
def is_checkbox(field: Any) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def sunset_text(entry: EntryState) -> SafeString | str:
    """An entry's sunset date with its precision; a dash without one."""
    return date_text(entry.sunset_on, entry.sunset_precision)


@register.filter
def month_text(on: date) -> str:
    """The month of a day in the reader's date format."""
    return formats.date_format(on, pgettext("a month, format of PHP's date()", "F Y"))


@register.simple_tag
def date_text(on: date | None, precision: str = "day") -> SafeString | str:
    """A date with its precision: a day, a month, "not before" or "tentative"; a dash without one."""
    if on is None:
        return "–"
    day = sundial.day(on)
    if precision == "not_before":
        return format_html(gettext("not before {}"), day)
    if precision == "month":
        month = format_html('<time datetime="{}">{}</time>', f"{on:%Y-%m}", month_text(on))
        return format_html(gettext("some day of {}"), month)
    if precision == "tentative":
        return format_html(gettext("{}, tentative"), day)
    return day


@register.filter
def kind_label(value: str) -> str:
    """The label of a kind of entry."""
    return str(Kind(value).label) if value in Kind.values else value


@register.filter
def milestone_label(value: str) -> str:
    """The label of a kind of milestone."""
    return str(MilestoneKind(value).label) if value in MilestoneKind.values else value


@register.filter
def field_label(value: str) -> str:
    """The label of the field that a proposed change sets."""
    fixed = {
        "aliases": gettext("Aliases"),
        "entry": gettext("Entry"),
        "replacements": gettext("Replacements"),
    }
    return fixed.get(value) or milestone_label(value)


@register.filter
def date_shift(days: int) -> str:
    """The number of days by which a date moves."""
    if days < 0:
        return ngettext("%(n)s day earlier", "%(n)s days earlier", -days) % {"n": sundial.count(-days)}
    return ngettext("%(n)s day later", "%(n)s days later", days) % {"n": sundial.count(days)}


@register.filter
def on_sunset_label(value: str) -> str:
    """What happens to calls on the sunset, if a source states it."""
    return str(OnSunset(value).label) if value in OnSunset.values else gettext("Not stated; expect calls to fail")
