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
from dashboard.usage.connectors.s3.client import open_bucket, validate_access
from dashboard.usage.connectors.s3.reader import ObjectReader
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sync_window import ConnectorError, history_start
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import ListingCursor, Source

__all__ = ["S3Settings", "parse_config", "read"]

WINDOW_DAYS, MOST_DAYS = 3, 60
MOST_PREFIXES = 50
SKIPPED = ("*/BedrockModelInvocationLogs/*/data/*", "*amazon-bedrock-logs-permission-check", "*/audit-*.json")


@dataclass(frozen=True)
class S3Settings:
    """What a configuration asks for: prefixes, the days of the window, patterns of keys that are passed over."""

    names: tuple[str, ...]
    window: timedelta
    skipped: tuple[str, ...]


def parse_config(config: Mapping[str, Any]) -> S3Settings:
    """What a configuration asks for. Raises DeliveryError or SecretError."""
    validate_access(config)
    names = _texts(config, "prefixes" if "prefixes" in config else "prefix", [""]) or [""]
    if len(names) > MOST_PREFIXES or any(len(name) > 1000 for name in names):
        raise ConnectorError(f"prefix must be at most {MOST_PREFIXES} texts of at most 1000 characters")
    if any(a != b and a.startswith(b) for a in names for b in names):
        raise ConnectorError("One prefix lies inside another: name the outer one")
    window = config.get("window_days", WINDOW_DAYS)
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MOST_DAYS:
        raise ConnectorError(f"window_days must be a whole number from 1 to {MOST_DAYS}")
    return S3Settings(tuple(dict.fromkeys(names)), timedelta(days=window), tuple(_texts(config, "skip", SKIPPED)))


def _texts(config: Mapping[str, Any], field: str, otherwise: Collection[str]) -> list[str]:
    told = config.get(field)
    told = list(otherwise) if told is None else [told] if isinstance(told, str) else told
    if not isinstance(told, list) or len(told) > 100 or not all(isinstance(text, str) for text in told):
        raise ConnectorError(f"{field} must be a text or a list of texts")
    return told


def read(source: Source, now: datetime) -> tuple[Counts, str]:
    """Read what is new; what counted, and the problem there was ("" for none)."""
    reader: ObjectReader | None = None
    trouble = ""
    try:
        wanted = parse_config(source.config)
        first = datetime.fromtimestamp(history_start(source.config, now), UTC).date()
        recent = max(first, now.date() - wanted.window)
        with open_bucket(source.config) as bucket, temporary_folder() as room:
            reader = ObjectReader(source, now, bucket, room)
            for front, day in ((True, recent), (False, first)):
                for prefix in wanted.names:
                    _walk(reader, listing.get_cursor(source, prefix, front=front), day, wanted)
    except (ConnectorError, SecretError) as problem:
        trouble = str(problem)
    if reader is None:
        return Counts(), trouble
    return reader.counts, trouble or reader.problem


def _walk(reader: ObjectReader, walk: ListingCursor, first: date, wanted: S3Settings) -> None:
    """Go on with a walk for as long as this poll may last."""
    if reader.is_done or not listing.is_due(walk, first, reader.now):
        return
    day = listing.start_or_resume(walk, reader.bucket, first, wanted.skipped, reader.now)
    for page in listing.list_pages(reader.bucket, walk.prefix, walk.cursor, day, wanted.skipped):
        before = reader.failures
        if not reader.read(page.objects, walk.prefix):
            return
        listing.advance(walk, page, reader.failures - before)
        if reader.is_done:
            return
    listing.finish(walk, reader.now)
