"""What is deleted as it grows old; daily sums are kept for ever.

Hourly sums go when their hour lies more than `SUNDIAL_HOURLY_DAYS` before today. Ids of calls go when both
their hour and the day they were read are as old: logs that are filled in from years ago stay protected
against being counted twice for as long as those of today. Rejected lines go after 90 days; their number
per source is bounded when they are written.

The value of a bucket that an aggregated source reported goes when the bucket lies before the hourly sums and
before anything that will be read again, and the day on which it was reported is as old. A bucket without it would
count again if it were reported again. The newest value of a counter, from which it grows, stays for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from dashboard.usage.buckets import RUNNING_TOTAL
from dashboard.usage.models import AggregateRow, HourlyRollup, RejectedLine, SeenIds, Source, SyncWindow

__all__ = ["REJECTED_DAYS", "Pruned", "prune"]

REJECTED_DAYS = 90
REREAD_DAYS = 15  # the longest window that is read again, and the current day
BATCH = 5000  # rows per transaction: readers and writers wait for none of them long
NEVER = 1 << 32  # seconds since 1970
MAX_BATCHES = 400  # per run; the rest goes with the next run


@dataclass(frozen=True)
class Pruned:
    """Rows deleted. `finished` is False when a run's bound was reached before the end."""

    hourly: int
    seen: int
    rejected: int
    finished: bool
    aggregated: int = 0


def prune(now: datetime) -> Pruned:
    """Delete what is older than it is kept, in small transactions. May be killed or run twice at any time."""
    first_day = now.date() - timedelta(days=settings.SUNDIAL_HOURLY_DAYS)
    first_hour = datetime.combine(first_day, time(), tzinfo=now.tzinfo)
    room = MAX_BATCHES
    deleted = []
    for old, size in (
        (HourlyRollup.objects.filter(hour__lt=first_hour), BATCH),
        # A segment may hold an hour's ids of a busy gateway: fewer of them at once.
        (SeenIds.objects.filter(added_on__lt=first_day, hour__lt=first_hour), BATCH // 10),
        (RejectedLine.objects.filter(at__lt=now - timedelta(days=REJECTED_DAYS)).order_by(), BATCH),
    ):
        rows, room = _delete(old, size, room)
        deleted.append(rows)
    hourly, seen, rejected = deleted
    aggregated = 0
    for old in _aggregates(first_hour):
        rows, room = _delete(old, BATCH, room)
        aggregated += rows
    return Pruned(hourly, seen, rejected, finished=room > 0, aggregated=aggregated)


def _aggregates(first_hour: datetime) -> Iterator[QuerySet]:
    """Per source, the rows that will not be read again; a table or endpoint that lags keeps its window."""
    windows = SyncWindow.objects.filter(until__gt=0).order_by()
    reached = dict(windows.values_list("source").annotate(Min("until")))
    is_old = Q(reported_on=None) | Q(reported_on__lt=first_hour.date())
    for source in Source.objects.order_by("pk").values_list("pk", flat=True):
        until = min(first_hour, datetime.fromtimestamp(reached.get(source, NEVER), UTC)) - timedelta(
            days=REREAD_DAYS
        )
        old = AggregateRow.objects.filter(source=source, start__lt=until)
        newer = old.filter(key=OuterRef("key"), seconds=RUNNING_TOTAL, start__gt=OuterRef("start"))
        yield old.filter(is_old).filter(~Q(seconds=RUNNING_TOTAL) | Exists(newer))


def _delete(old: QuerySet, size: int, room: int) -> tuple[int, int]:
    """Delete in batches while there is room; how many rows went, and how many batches may follow."""
    deleted = 0
    while room > 0:
        keys = list(old.values_list("pk", flat=True)[:size])
        if not keys:
            break
        room -= 1
        with transaction.atomic():
            deleted += old.model._default_manager.filter(pk__in=keys).delete()[0]
    return deleted, room
