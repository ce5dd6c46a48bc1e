"""The one place that reads the clock. Everything below an edge takes `as_of` or `now` as an argument."""

from datetime import UTC, date, datetime, time

from django.conf import settings

__all__ = ["latest", "now", "today", "wall"]


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
