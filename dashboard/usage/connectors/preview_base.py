"""A first look into what is asked: databases, usage APIs, object stores. Bounded in time and memory, read-only."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.files.preview import RECORDS, PreviewError, Sample, sample_file, sample_records
from dashboard.usage.connectors.s3 import client as s3_client
from dashboard.usage.connectors.s3 import connector as s3_connector
from dashboard.usage.connectors.s3 import listing
from dashboard.usage.connectors.secrets import SecretError, read_secret
from dashboard.usage.connectors.sql import connector as sql_connector
from dashboard.usage.connectors.sql.presets import load_table
from dashboard.usage.connectors.sync_window import ConnectorError, history_start
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.connectors.usage_api import connector
from dashboard.usage.connectors.usage_api.client import UsageApiClient
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.chunks import MAX_LINE
from dashboard.usage.ingest.decompress import file_kind
from dashboard.usage.records import Batch, BucketValue, Reject, last_hour

__all__ = ["newest_bucket", "sample_api", "sample_bucket", "sample_table"]

QUESTION_SECONDS, DATABASE_SECONDS, API_SECONDS = 10, 25, 15
FURTHEST_DAYS = 400  # how far back a table is searched for its newest rows
API_DAYS = 7
WHOLE = 128 << 20  # bytes of an object that can only be looked into as a whole
LISTINGS = 5  # pages, of each of as many prefixes


def sample_table(config: Mapping[str, Any], now: datetime) -> Sample:
    """The newest bucket of a table in which there is anything. Raises NoGlimpse."""
    try:
        with sql_connector.connect(read_secret(config.get("url")), QUESTION_SECONDS) as connection:
            table = load_table(config, connection)
            begun = time.monotonic()

            def rows(begin: int, end: int, most: int = 1) -> tuple[list[BucketValue], int, list[str]]:
                _check_patience(begun)
                return sql_connector.query_bucket(connection, table, begin, end, now, most)

            def is_any(begin: int, end: int) -> bool:
                readings, _accepted, wrong = rows(begin, end)
                return bool(readings or wrong)

            until = (int(now.timestamp()) // table.step + 1) * table.step
            span = newest_bucket(is_any, until, table.step, until - FURTHEST_DAYS * DAY)
            if span is None:
                raise PreviewError(
                    _("The table %(table)s has no rows of the last %(n)s days")
                    % {"table": table.name, "n": FURTHEST_DAYS},
                    _("Check that the column of the time is the right one."),
                )
            readings, accepted, wrong = rows(*span, RECORDS)
    except SecretError as problem:
        raise PreviewError(str(problem), _advice_on_secret()) from None
    except ConnectorError as problem:
        raise PreviewError(str(problem)) from None
    except SQLAlchemyError as problem:
        raise PreviewError(
            _("The database answers: %(words)s") % {"words": sql_connector.error_text(problem)},
            _("Check the address in the variable, and that its user may read the table."),
        ) from None
    why = _("sums of one bucket, as the database adds them up")
    glimpse = Sample(table.name, str(config.get("preset") or "columns"), why, is_whole=False)
    glimpse.seen = sample_records(readings)
    glimpse.rejects = [Reject(0, 0, reason, "") for reason in wrong]
    glimpse.accepted, glimpse.rejected = accepted, len(wrong)
    return glimpse


def _check_patience(begun: float) -> None:
    if time.monotonic() - begun > DATABASE_SECONDS:
        raise ConnectorError(_("The database takes too long: give the column of the time an index"))


def newest_bucket(
    is_any: Callable[[int, int], bool], until: int, step: int, furthest: int
) -> tuple[int, int] | None:
    """The newest bucket before `until` in which `is_any(begin, end)`; None when there is none back to `furthest`.

    Asks for spans that double in length, then halves the one that held something: a few questions even when
    nothing was written for a year. All three are seconds since 1970, whole numbers of `step` apart.
    """
    end, width = until, step
    begin = end
    while end > furthest:
        begin = max(furthest, end - width)
        if is_any(begin, end):
            break
        end, width = begin, width * 2
    else:
        return None
    while end - begin > step:
        middle = end - (end - begin) // step // 2 * step
        if is_any(middle, end):
            begin = middle
        else:
            end = middle
    return begin, end


def sample_api(config: Mapping[str, Any], now: datetime) -> Sample:
    """One page of the first endpoint, of the last days. Raises NoGlimpse."""
    try:
        provider, base, endpoints = connector.parse_config(config)
        client = UsageApiClient(
            base, provider.headers(read_secret(config.get("key"))), waiting=0.0, timeout=API_SECONDS
        )
        tomorrow = (int(now.timestamp()) // DAY + 1) * DAY
        path = provider.path.format(endpoint=endpoints[0])
        body, more = client.page(path, provider.query(tomorrow - API_DAYS * DAY, tomorrow))
    except SecretError as problem:
        raise PreviewError(str(problem), _advice_on_secret()) from None
    except ConnectorError as problem:
        raise PreviewError(str(problem)) from None
    batch = Batch(last_hour(now))
    FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
    why = _("the answer of the provider, for the last %(n)s days") % {"n": API_DAYS}
    glimpse = Sample(f"{base}{path}", provider.format, why, is_whole=not more)
    glimpse.count(batch)
    glimpse.seen = sorted(sample_records(batch.buckets.values()), key=lambda one: -one.start)[:RECORDS]
    return glimpse


def sample_bucket(format_name: str, config: Mapping[str, Any], now: datetime) -> Sample:
    """The object that was written last, of those listed first. Raises NoGlimpse."""
    try:
        wanted = s3_connector.parse_config(config)
        with s3_client.open_bucket(config, attempts=1, timeout=API_SECONDS) as bucket, temporary_folder() as room:
            newest_one = _newest_object(bucket, wanted, config, now)
            path = room / "object"
            path.write_bytes(bucket.beginning_of(newest_one, MAX_LINE))
            place = f"s3://{bucket.name}/{newest_one.key}"
            is_cut = newest_one.size > MAX_LINE
            if is_cut and file_kind(path) == "parquet":
                # Where its rows lie is told at its end.
                if newest_one.size > WHOLE:
                    raise PreviewError(
                        _("The newest object is a Parquet file of more than %(n)s MiB, too long for a test")
                        % {"n": WHOLE >> 20},
                    )
                bucket.save(newest_one, path)
                is_cut = False
            return sample_file(path, format_name, config, now, place=place, is_cut=is_cut)
    except SecretError as problem:
        raise PreviewError(str(problem), _advice_on_secret()) from None
    except (ConnectorError, s3_client.ObjectError) as problem:
        raise PreviewError(str(problem)) from None


def _newest_object(
    bucket: s3_client.Bucket, wanted: s3_connector.S3Settings, config: Mapping[str, Any], now: datetime
) -> s3_client.StoredObject:
    """Looked for among recent days, then back to the first day that is wanted."""
    first = datetime.fromtimestamp(history_start(config, now), UTC).date()
    for day in (max(first, now.date() - wanted.window), first):
        found = [
            one
            for prefix in wanted.names[:LISTINGS]
            for page in islice(listing.list_pages(bucket, prefix, "", day, wanted.skipped), LISTINGS)
            for one in page.objects
        ]
        if found:
            return max(found, key=lambda one: (one.modified, one.key))
    raise PreviewError(
        _("There is no object under this prefix that is newer than %(day)s") % {"day": f"{first:%Y-%m-%d}"},
        _("Check the prefix, or choose an earlier first day."),
    )


def _advice_on_secret() -> str:
    return _("Set it where Sundial runs, such as in .env, and start Sundial again.")
