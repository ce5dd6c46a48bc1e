"""The one place that reads the clock. Everything below an edge takes `as_of` or `now` as an argument."""

import re
from datetime import UTC, date, datetime, time

from django.conf import settings

__all__ = ["FIRST_DAY", "LAST_DAY", "DayError", "latest", "now", "parse_day", "today", "wall"]

FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2099, 12, 31)
"""The days that may be asked about."""

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DayError(ValueError):
    """A text is not a day that may be asked about. `text` is the text, cut to 40 characters."""

    def __init__(self, text: str) -> None:
        self.text = text[:40]
        super().__init__(f"{self.text!r} is not a day from {FIRST_DAY} to {LAST_DAY}")


def parse_day(text: str) -> date:
    """The day in `text`, written `2024-01-04`, from `FIRST_DAY` to `LAST_DAY`. Raises DayError otherwise."""
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise DayError(text)
    return day


def now() -> datetime:
    """The present instant in UTC; with `SUNDIAL_TODAY` set, noon of that day."""
    if settings.SUNDIAL_TODAY:
        return datetime.combine(settings.SUNDIAL_TODAY, time(12), tzinfo=UTC)
    return datetime.now(UTC)


def today() -> date:
    """The present day in UTC, or `SUNDIAL_TODAY`."""
    return now().date()


def wall() -> datetime:
    """The real instant in UTC, whatever `SUNDIAL_TODAY` says: for liveness and expiry, never for a page's day."""
    return datetime.now(UTC)


def latest() -> datetime:
    """The later of `now` and `wall`: a log line behind both comes from a broken clock."""
    return max(now(), wall())
