"""Store buckets of aggregated sources: the last value reported for a bucket replaces earlier ones, in any order.

An API or export reports sums, and later reports them again with more calls in them. The reported value is stored
per (source, key, bucket); a delivery replaces it, and the rollups change by the difference in the same
transaction. So a page that is read again changes nothing, and one that has grown adds only its growth.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime

from django.db.models import Q

from dashboard.usage.buckets import (
    DAY,
    HOUR,
    RUNNING_TOTAL,
    RollupTotals,
    StoredBucket,
    add_contributions,
    merge_stored_buckets,
    rollup_difference,
)
from dashboard.usage.ingest import latest_calls
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.rollups import merge_rollups
from dashboard.usage.models import AggregateRow, DailyRollup, HourlyRollup, Source
from dashboard.usage.records import BucketValue, Called, Caller

__all__ = ["replace_buckets"]

PAGE = 300  # keys at a time
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens", "cost_nano")
COLUMNS = ("seconds", "identity_id", "name_id", *MEASURES)

# key -> start -> value
StoredByKey = dict[str, dict[int, StoredBucket]]


def replace_buckets(
    source: Source, buckets: Collection[BucketValue], dimensions: Dimensions, reported_on: date | None = None
) -> None:
    """Take in one delivery of the day `reported_on`, in which each (key, start) comes once.

    Runs inside a transaction that holds the source's row, with whatever checkpoint stands for it; days
    whose rollups change become stale. `dimensions` must be told to forget if the transaction fails.
    """
    for page in _pages(buckets):
        delivered = _by_key(page, dimensions)
        pks, stored = _stored_buckets(source, page)
        before: RollupTotals = {}
        after: RollupTotals = {}
        merged: StoredByKey = {}
        for key, values in delivered.items():
            merged[key] = merge_stored_buckets(stored[key], values)
            add_contributions(stored[key], before)
            add_contributions(merged[key], after)
        _store(source, pks, stored, merged, reported_on)
        moved = rollup_difference(before, after)
        if moved:
            merge_rollups(source.pk, moved)
            _delete_empty_rollups(source, before.keys() - after.keys())
        latest_calls.save_latest_calls("", _latest_calls(delivered))


def _pages(buckets: Collection[BucketValue]) -> Iterator[list[BucketValue]]:
    """The buckets in pages of keys, all buckets of one key together."""
    grouped: dict[str, list[BucketValue]] = defaultdict(list)
    for bucket in buckets:
        grouped[bucket.key].append(bucket)
    keys = sorted(grouped)
    for start in range(0, len(keys), PAGE):
        yield [bucket for key in keys[start : start + PAGE] for bucket in grouped[key]]


def _by_key(page: list[BucketValue], dimensions: Dimensions) -> StoredByKey:
    callers: dict[Caller, date] = {}
    names: dict[Called, date] = {}
    for bucket in page:
        day = datetime.fromtimestamp(bucket.start, UTC).date()
        callers[bucket.caller] = min(day, callers.get(bucket.caller, day))
        names[bucket.called] = min(day, names.get(bucket.called, day))
    identity, name = dimensions.callers(callers), dimensions.names(names)
    buckets: StoredByKey = defaultdict(dict)
    for bucket in page:
        buckets[bucket.key][bucket.start] = StoredBucket(
            bucket.seconds, identity[bucket.caller], name[bucket.called], tuple(bucket.measures)
        )
    return buckets


def _latest_calls(buckets: StoredByKey) -> dict[tuple[int, int], latest_calls.LatestCallValue]:
    """The newest bucket with calls of each identity and name."""
    found: dict[tuple[int, int], latest_calls.LatestCallValue] = {}
    for values in buckets.values():
        for start, value in values.items():
            pair = value.identity, value.name
            if value.measures[0] != 0 and (pair not in found or start > found[pair][0]):
                found[pair] = start, value.seconds or HOUR, 0, ""
    return found


def _stored_buckets(source: Source, page: list[BucketValue]) -> tuple[dict[tuple[str, int], int], StoredByKey]:
    """The stored buckets of these keys: those of the reported days, and all of running totals."""
    first, last = min(r.start for r in page) // DAY * DAY, (max(r.start for r in page) // DAY + 1) * DAY
    days = Q(start__gte=datetime.fromtimestamp(first, UTC), start__lt=datetime.fromtimestamp(last, UTC))
    rows = AggregateRow.objects.filter(
        days | Q(seconds=RUNNING_TOTAL), source=source, key__in={r.key for r in page}
    )
    pks: dict[tuple[str, int], int] = {}
    stored: StoredByKey = defaultdict(dict)
    for pk, key, start, seconds, identity, name, *measures in rows.values_list("pk", "key", "start", *COLUMNS):
        at = int(start.timestamp())
        pks[key, at] = pk
        stored[key][at] = StoredBucket(seconds, identity, name, tuple(measures))
    return pks, stored


def _store(
    source: Source,
    pks: dict[tuple[str, int], int],
    stored: StoredByKey,
    merged: StoredByKey,
    reported_on: date | None,
) -> None:
    gone = [pk for (key, start), pk in pks.items() if start not in merged[key]]
    for at in range(0, len(gone), PAGE):
        AggregateRow.objects.filter(pk__in=gone[at : at + PAGE]).delete()
    AggregateRow.objects.bulk_create(
        (
            AggregateRow(
                source=source,
                key=key,
                start=datetime.fromtimestamp(start, UTC),
                reported_on=reported_on,
                **dict(zip(COLUMNS, (*value[:3], *value.measures), strict=True)),
            )
            for key, values in merged.items()
            for start, value in values.items()
            if stored[key].get(start) != value
        ),
        batch_size=PAGE,
        update_conflicts=True,
        unique_fields=["source", "key", "start"],
        update_fields=[*COLUMNS, "reported_on"],
    )


def _delete_empty_rollups(source: Source, left: Collection[tuple[int, int, int]]) -> None:
    """Take away rollups that nothing is left of, so that nobody is shown for 0 calls that moved elsewhere."""
    empty = Q(*(Q(**{measure: 0}) | Q(**{measure: None}) for measure in MEASURES))
    for hour, identity, name in left:
        at = datetime.fromtimestamp(hour * 3600, UTC)
        mine = {"source": source, "identity": identity, "name": name}
        HourlyRollup.objects.filter(empty, hour=at, **mine).delete()
        DailyRollup.objects.filter(empty, day=at.date(), **mine).delete()
