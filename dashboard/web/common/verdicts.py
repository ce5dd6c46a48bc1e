"""The verdict of a forecast as text."""

from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from dashboard.findings.deadlines.forecast import Forecast

__all__ = ["day_text", "verdict_sentence"]


def day_text(day: date) -> str:
    """A day in the reader's date format."""
    return formats.date_format(day, pgettext("date format of PHP's date()", "j M Y"))


def verdict_sentence(forecast: Forecast, sunset_on: date, as_of: date) -> str:
    """A sentence with the verdict and its reason."""
    if forecast.verdict == "done":
        return _("No calls for a full week.")
    if forecast.verdict == "unknown":
        return _("Fewer than 14 full days of data: not enough for a forecast.")
    if as_of >= sunset_on:
        return _("The sunset has passed and calls still arrive.")
    if not forecast.zero_on:
        return _("There is no downward trend over the last 28 days.")
    return f"{_end(forecast)}{_margin(forecast.zero_on, sunset_on)}{_doubt(forecast)}"


def _end(forecast: Forecast) -> str:
    day = day_text(forecast.zero_on or date.max)
    end = _("At the rate of the last 28 days, calls end about %(day)s") % {"day": day}
    if not forecast.low:
        return end
    high = day_text(forecast.high) if forecast.high else pgettext("the end of calls", "never")
    interval = _("(80 %% interval: %(low)s to %(high)s)") % {"low": day_text(forecast.low), "high": high}
    return f"{end} {interval}"


def _margin(zero_on: date, sunset_on: date) -> str:
    days = (sunset_on - zero_on).days
    if days == 0:
        return _(", on the day of the sunset.")
    if days > 0:
        return ngettext(", %(n)s day before the sunset.", ", %(n)s days before the sunset.", days) % {"n": days}
    return ngettext(", %(n)s day after the sunset.", ", %(n)s days after the sunset.", -days) % {"n": -days}


def _doubt(forecast: Forecast) -> str:
    """Why a forecast that ends in time is still at risk."""
    return " " + _("The end of the interval is after the sunset.") if forecast.verdict == "at risk" else ""
