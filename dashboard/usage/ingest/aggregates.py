"""Aggregated sources: the last value told of each bucket counts, however often and in whatever order.

An API or export tells sums, and tells them again with more in them. What was told is kept per (source, key,
bucket); a delivery replaces it, and the rollups move by the difference in the same transaction. So a page
that comes again changes nothing, and one that has grown adds only what it grew by.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime

from django.db.models import Q

from dashboard.usage.buckets import DAY, HOUR, RUNNING, Sums, Value, contributions, difference, replaced
from dashboard.usage.ingest import latest_calls
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.rollups import merge
from dashboard.usage.models import AggregateRow, DailyRollup, HourlyRollup, Source
from dashboard.usage.records import BucketValue, Called, Caller

__all__ = ["replace"]

PAGE = 300  # keys at a time
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens", "cost_nano")
COLUMNS = ("seconds", "identity_id", "name_id", *MEASURES)

# key -> start -> value
Kept = dict[str, dict[int, Value]]


def replace(
    source: Source, readings: Collection[BucketValue], dimensions: Dimensions, reported_on: date | None = None
) -> None:
    """Take in one delivery of the day `reported_on`, in which each (key, start) comes once.

    Runs inside a transaction that holds the source's row, with whatever checkpoint stands for it; days
    whose rollups change become stale. `dimensions` must be told to forget if the transaction fails.
    """
    for page in _pages(readings):
        told = _keyed(page, dimensions)
        pks, known = _known(source, page)
        before: Sums = {}
        after: Sums = {}
        kept: Kept = {}
        for key, values in told.items():
            kept[key] = replaced(known[key], values)
            contributions(known[key], before)
            contributions(kept[key], after)
        _store(source, pks, known, kept, reported_on)
        moved = difference(before, after)
        if moved:
            merge(source.pk, moved)
            _sweep(source, before.keys() - after.keys())
        latest_calls.keep("", _proofs(told))


def _pages(readings: Collection[BucketValue]) -> Iterator[list[BucketValue]]:
    """Readings by key, all of one key together."""
    grouped: dict[str, list[BucketValue]] = defaultdict(list)
    for reading in readings:
        grouped[reading.key].append(reading)
    keys = sorted(grouped)
    for start in range(0, len(keys), PAGE):
        yield [reading for key in keys[start : start + PAGE] for reading in grouped[key]]


def _keyed(page: list[BucketValue], dimensions: Dimensions) -> Kept:
    callers: dict[Caller, date] = {}
    names: dict[Called, date] = {}
    for reading in page:
        day = datetime.fromtimestamp(reading.start, UTC).date()
        callers[reading.caller] = min(day, callers.get(reading.caller, day))
        names[reading.called] = min(day, names.get(reading.called, day))
    identity, name = dimensions.callers(callers), dimensions.names(names)
    told: Kept = defaultdict(dict)
    for reading in page:
        told[reading.key][reading.start] = Value(
            reading.seconds, identity[reading.caller], name[reading.called], tuple(reading.measures)
        )
    return told


def _proofs(told: Kept) -> dict[tuple[int, int], latest_calls.Proof]:
    """The newest bucket with calls of each identity and name."""
    found: dict[tuple[int, int], latest_calls.Proof] = {}
    for values in told.values():
        for start, value in values.items():
            pair = value.identity, value.name
            if value.measures[0] != 0 and (pair not in found or start > found[pair][0]):
                found[pair] = start, value.seconds or HOUR, 0, ""
    return found


def _known(source: Source, page: list[BucketValue]) -> tuple[dict[tuple[str, int], int], Kept]:
    """What is kept of these keys: of the days told about, and of a counter everything."""
    first, last = min(r.start for r in page) // DAY * DAY, (max(r.start for r in page) // DAY + 1) * DAY
    days = Q(start__gte=datetime.fromtimestamp(first, UTC), start__lt=datetime.fromtimestamp(last, UTC))
    rows = AggregateRow.objects.filter(days | Q(seconds=RUNNING), source=source, key__in={r.key for r in page})
    pks: dict[tuple[str, int], int] = {}
    known: Kept = defaultdict(dict)
    for pk, key, start, seconds, identity, name, *measures in rows.values_list("pk", "key", "start", *COLUMNS):
        at = int(start.timestamp())
        pks[key, at] = pk
        known[key][at] = Value(seconds, identity, name, tuple(measures))
    return pks, known


def _store(
    source: Source, pks: dict[tuple[str, int], int], known: Kept, kept: Kept, reported_on: date | None
) -> None:
    gone = [pk for (key, start), pk in pks.items() if start not in kept[key]]
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
            for key, values in kept.items()
            for start, value in values.items()
            if known[key].get(start) != value
        ),
        batch_size=PAGE,
        update_conflicts=True,
        unique_fields=["source", "key", "start"],
        update_fields=[*COLUMNS, "reported_on"],
    )


def _sweep(source: Source, left: Collection[tuple[int, int, int]]) -> None:
    """Take away rollups that nothing is left of, so that nobody is shown for 0 calls that moved elsewhere."""
    empty = Q(*(Q(**{measure: 0}) | Q(**{measure: None}) for measure in MEASURES))
    for hour, identity, name in left:
        at = datetime.fromtimestamp(hour * 3600, UTC)
        mine = {"source": source, "identity": identity, "name": name}
        HourlyRollup.objects.filter(empty, hour=at, **mine).delete()
        DailyRollup.objects.filter(empty, day=at.date(), **mine).delete()
