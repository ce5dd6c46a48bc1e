"""Object stores: what lies under prefixes of a bucket, each object read once.

Two walks go over the keys: one over what is dated recently, with every poll, and one over everything back to
the first day that is wanted, once and then every day for what came late to an old folder. What was read is
remembered by key and ETag in the transaction that counts it (`remembered`), so walks may overlap, stop
anywhere and begin again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dashboard.usage.connectors.s3 import listing
from dashboard.usage.connectors.s3.client import checked_access, opened
from dashboard.usage.connectors.s3.reader import ObjectReader
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sync_window import DeliveryError, since
from dashboard.usage.connectors.tempdir import workroom
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source, Walk

__all__ = ["Prefixes", "checked", "read"]

WINDOW_DAYS, MOST_DAYS = 3, 60
MOST_PREFIXES = 50
SKIPPED = ("*/BedrockModelInvocationLogs/*/data/*", "*amazon-bedrock-logs-permission-check", "*/audit-*.json")


@dataclass(frozen=True)
class Prefixes:
    """What a configuration asks for: prefixes, the days of the window, patterns of keys that are passed over."""

    names: tuple[str, ...]
    window: timedelta
    skipped: tuple[str, ...]


def checked(config: Mapping[str, Any]) -> Prefixes:
    """What a configuration asks for. Raises DeliveryError or SecretError."""
    checked_access(config)
    names = _texts(config, "prefixes" if "prefixes" in config else "prefix", [""]) or [""]
    if len(names) > MOST_PREFIXES or any(len(name) > 1000 for name in names):
        raise DeliveryError(f"prefix must be at most {MOST_PREFIXES} texts of at most 1000 characters")
    if any(a != b and a.startswith(b) for a in names for b in names):
        raise DeliveryError("One prefix lies inside another: name the outer one")
    window = config.get("window_days", WINDOW_DAYS)
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MOST_DAYS:
        raise DeliveryError(f"window_days must be a whole number from 1 to {MOST_DAYS}")
    return Prefixes(tuple(dict.fromkeys(names)), timedelta(days=window), tuple(_texts(config, "skip", SKIPPED)))


def _texts(config: Mapping[str, Any], field: str, otherwise: Collection[str]) -> list[str]:
    told = config.get(field)
    told = list(otherwise) if told is None else [told] if isinstance(told, str) else told
    if not isinstance(told, list) or len(told) > 100 or not all(isinstance(text, str) for text in told):
        raise DeliveryError(f"{field} must be a text or a list of texts")
    return told


def read(source: Source, now: datetime) -> tuple[Counts, str]:
    """Read what is new; what counted, and the problem there was ("" for none)."""
    reader: ObjectReader | None = None
    trouble = ""
    try:
        wanted = checked(source.config)
        first = datetime.fromtimestamp(since(source.config, now), UTC).date()
        recent = max(first, now.date() - wanted.window)
        with opened(source.config) as bucket, workroom() as room:
            reader = ObjectReader(source, now, bucket, room)
            for front, day in ((True, recent), (False, first)):
                for prefix in wanted.names:
                    _walk(reader, listing.of(source, prefix, front=front), day, wanted)
    except (DeliveryError, SecretError) as problem:
        trouble = str(problem)
    if reader is None:
        return Counts(), trouble
    return reader.counts, trouble or reader.problem


def _walk(reader: ObjectReader, walk: Walk, first: date, wanted: Prefixes) -> None:
    """Go on with a walk for as long as this poll may last."""
    if reader.is_done or not listing.is_due(walk, first, reader.now):
        return
    day = listing.resume(walk, reader.bucket, first, wanted.skipped, reader.now)
    for page in listing.pages(reader.bucket, walk.prefix, walk.cursor, day, wanted.skipped):
        before = reader.failures
        if not reader.read(page.objects, walk.prefix):
            return
        listing.passed(walk, page, reader.failures - before)
        if reader.is_done:
            return
    listing.finish(walk, reader.now)
