"""Age of the newest catalog verification.

The catalog was last verified on the newest of: the day of a source's copy that a revision was read from (the
shipped files bring such days), the last successful sync of a feed, and the last edit by a person.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db.models import Max

from dashboard.catalog.models import FeedState, Revision
from dashboard.core.models import AuditEntry

__all__ = ["clear_cache", "last_verified_on", "stale_days"]

CACHE_SECONDS = 600
"""Each process caches the answer for this long; it changes once a day."""


def last_verified_on(today: date) -> date | None:
    """The UTC day of the newest verification, never after `today`; None for an empty catalog."""
    read = Revision.objects.filter(source_day__lte=today).aggregate(day=Max("source_day"))["day"]
    good = FeedState.objects.aggregate(at=Max("good_at"))["at"]
    edit = AuditEntry.objects.filter(model="catalog.entry", by__isnull=False).aggregate(at=Max("at"))["at"]
    days = [day for day in (read, good and good.date(), edit and edit.date()) if day]
    return min(max(days), today) if days else None


def stale_days(now: datetime) -> int | None:
    """The catalog's age in days, if it is over `SUNDIAL_CATALOG_MAX_AGE`; else None.

    None too while `SUNDIAL_TODAY` pins today: a replayed past does not age. Up to `CACHE_SECONDS` behind.
    """
    if settings.SUNDIAL_TODAY or not settings.SUNDIAL_CATALOG_MAX_AGE:
        return None
    newest_day = _cached_day(int(now.timestamp()) // CACHE_SECONDS)
    age = (now.date() - newest_day) if newest_day else timedelta(0)
    return age.days if age.days > settings.SUNDIAL_CATALOG_MAX_AGE else None


def clear_cache() -> None:
    """Clear this process's cache, so that the next call reads the database."""
    _cached_day.cache_clear()


@lru_cache(maxsize=1)
def _cached_day(window: int) -> date | None:
    return last_verified_on(datetime.fromtimestamp((window + 1) * CACHE_SECONDS, UTC).date())
