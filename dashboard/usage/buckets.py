"""Buckets of aggregated sources: parsing times and widths, summing a delivery, replacing stored values. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import NamedTuple

from dashboard.usage.records import BucketValue, Measures, add_measures

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "RUNNING_TOTAL",
    "RollupTotals",
    "StoredBucket",
    "add_bucket_value",
    "add_contributions",
    "bucket_width",
    "key_digest",
    "merge_stored_buckets",
    "parse_instant",
    "rollup_difference",
]

RUNNING_TOTAL = 0
MINUTE, HOUR, DAY = 60, 3600, 86400
WIDTHS = (MINUTE, 5 * MINUTE, HOUR, DAY)

# (hour, identity, name) -> measures
RollupTotals = dict[tuple[int, int, int], Measures]


class StoredBucket(NamedTuple):
    """What is kept of one key in one bucket: the bucket's width, who and what by their keys, the measures."""

    seconds: int
    identity: int
    name: int
    measures: tuple[int | None, ...]


def key_digest(*parts: object) -> str:
    """32 characters that stand for a raw key; its parts may be None, which differs from ""."""
    text = "\x1f".join("\x00" if part is None else str(part) for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def parse_instant(value: object) -> int:
    """Seconds since 1970 of a day, an ISO 8601 time (UTC without a zone) or a number of seconds.

    Raises ValueError without repeating the value.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise ValueError("the time is missing")  # noqa: TRY004  what is wrong is the record
    try:
        if isinstance(value, datetime):
            at = value
        elif isinstance(value, date):
            at = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif isinstance(value, str) and not value.isdigit():
            at = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        else:
            seconds = int(value)
            return seconds // 1000 if abs(seconds) >= 10**11 else seconds
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise ValueError("the time is neither ISO 8601 nor a number of seconds") from None


def bucket_width(start: int, end: int) -> int:
    """The width of a bucket from its bounds; one that is still open may end early."""
    seconds = end - start
    if not 0 < seconds <= DAY:
        raise ValueError("the bucket is longer than a day or ends before it begins")
    return next(known for known in WIDTHS if seconds <= known)


def add_bucket_value(into: dict[tuple[str, int], BucketValue], bucket: BucketValue) -> None:
    """Add a value to a delivery: rows of one key and bucket are summed, of a running total the highest stays."""
    known = into.get((bucket.key, bucket.start))
    if known is not None:
        if bucket.seconds == RUNNING_TOTAL:
            bucket = bucket._replace(measures=highest_measures(known.measures, bucket.measures))
        elif known.seconds == bucket.seconds:
            total: Measures = list(known.measures)
            add_measures(total, list(bucket.measures))
            bucket = bucket._replace(measures=tuple(total))
    into[bucket.key, bucket.start] = bucket


def highest_measures(one: Iterable[int | None], other: Iterable[int | None]) -> tuple[int | None, ...]:
    return tuple(a if b is None else b if a is None else max(a, b) for a, b in zip(one, other, strict=True))


def merge_stored_buckets(
    known: Mapping[int, StoredBucket], delivered: Mapping[int, StoredBucket]
) -> dict[int, StoredBucket]:
    """The stored buckets of one key, by start, after `delivered` came on top of `known`.

    A day is stored in the width it was last reported in: hours replace a day that was reported as a whole, and the
    other way round, so that no call counts in both.
    """
    widths = {start // DAY: value.seconds for start, value in delivered.items()}
    kept = {start: v for start, v in known.items() if widths.get(start // DAY, v.seconds) == v.seconds}
    for start, value in delivered.items():
        before = kept.get(start)
        if before is not None and value.seconds == RUNNING_TOTAL:
            value = before._replace(measures=highest_measures(before.measures, value.measures))
        kept[start] = value
    return kept


def add_contributions(values: Mapping[int, StoredBucket], into: RollupTotals) -> None:
    """Add what the buckets of one key contribute to the rollups: of a counter, its growth since before."""
    passed: tuple[int | None, ...] = (None,) * 6
    for start in sorted(values):
        seconds, identity, name, measures = values[start]
        grown = measures
        if seconds == RUNNING_TOTAL:
            grown = tuple(
                None if now is None else max(0, now - (old or 0))
                for now, old in zip(measures, passed, strict=True)
            )
            passed = highest_measures(passed, measures)
        add_measures(into.setdefault((start // HOUR, identity, name), [None] * 6), list(grown))


def rollup_difference(before: RollupTotals, after: RollupTotals) -> RollupTotals:
    """What has to be added to come from one to the other; None where nothing changes."""
    nothing: Measures = [None] * 6
    moved: RollupTotals = {}
    for key in before.keys() | after.keys():
        pairs = zip(before.get(key, nothing), after.get(key, nothing), strict=True)
        steps: Measures = [None if old == new else (new or 0) - (old or 0) for old, new in pairs]
        if any(step is not None for step in steps):
            moved[key] = steps
    return moved
