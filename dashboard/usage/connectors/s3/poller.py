"""Polls object stores: everything under some prefixes of a bucket, each object read once.

Two listings run over the keys: one over what is dated recently, with every poll, and a full one back to the
first day that is wanted, once and then every day for objects that came late to an old folder. What was read is
kept by key and ETag in the transaction that counts it (`seen_objects`), so listings may overlap, stop anywhere
and start again.
"""

from datetime import UTC, date, datetime

from dashboard.usage.connectors.base import ConnectorError, PollResult
from dashboard.usage.connectors.s3 import listing
from dashboard.usage.connectors.s3.client import open_bucket
from dashboard.usage.connectors.s3.config import S3Settings, parse_config
from dashboard.usage.connectors.s3.reader import ObjectReader
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sync_window import history_start
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import ListingCursor, Source

__all__ = ["poll_bucket"]


def poll_bucket(source: Source, now: datetime) -> PollResult:
    """Read the objects that are new."""
    reader: ObjectReader | None = None
    problem = ""
    try:
        settings = parse_config(source.config)
        first = datetime.fromtimestamp(history_start(source.config, now), UTC).date()
        recent = max(first, now.date() - settings.window)
        with open_bucket(source.config) as bucket, temporary_folder() as folder:
            reader = ObjectReader(source, now, bucket, folder)
            for is_recent, day in ((True, recent), (False, first)):
                for prefix in settings.prefixes:
                    cursor = listing.get_cursor(source, prefix, is_recent=is_recent)
                    _read_listing(reader, cursor, day, settings)
    except (ConnectorError, SecretError) as error:
        problem = str(error)
    if reader is None:
        return PollResult(Counts(), problem)
    return PollResult(reader.counts, problem or reader.problem)


def _read_listing(reader: ObjectReader, cursor: ListingCursor, first: date, settings: S3Settings) -> None:
    """Continue a listing for as long as this poll may last."""
    if reader.is_done or not listing.is_due(cursor, first, reader.now):
        return
    day = listing.start_or_resume(cursor, reader.bucket, first, settings.skipped, reader.now)
    for page in listing.list_pages(reader.bucket, cursor.prefix, cursor.after_key, day, settings.skipped):
        failures = reader.failures
        if not reader.read_objects(page.objects, cursor.prefix):
            return
        listing.advance(cursor, page, reader.failures - failures)
        if reader.is_done:
            return
    listing.finish(cursor, reader.now)
