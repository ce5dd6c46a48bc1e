"""A sample of a bucket: the object that was written last, of those listed first."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from dashboard.usage.connectors.base import ConnectorError, PreviewError, Sample
from dashboard.usage.connectors.preview_base import sample_file, secret_advice
from dashboard.usage.connectors.s3.client import Bucket, ObjectError, StoredObject, open_bucket
from dashboard.usage.connectors.s3.config import S3Settings, parse_config
from dashboard.usage.connectors.s3.listing import list_pages
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.sync_window import history_start
from dashboard.usage.connectors.tempdir import temporary_folder
from dashboard.usage.ingest.chunks import MAX_LINE
from dashboard.usage.ingest.decompress import file_kind

__all__ = ["sample_newest_object"]

TIMEOUT_SECONDS = 15
MAX_WHOLE_BYTES = 128 << 20  # of an object that can only be sampled as a whole
MAX_PAGES = 5  # listed of each prefix
MAX_PREFIXES = 5


def sample_newest_object(format_name: str, config: Mapping[str, Any], now: datetime) -> Sample:
    """Sample the object that was written last, of the first pages of a listing. Raises PreviewError."""
    try:
        settings = parse_config(config)
        with (
            open_bucket(config, attempts=1, timeout=TIMEOUT_SECONDS) as bucket,
            temporary_folder() as folder,
        ):
            newest = _newest_object(bucket, settings, config, now)
            path = folder / "object"
            path.write_bytes(bucket.read_start(newest, MAX_LINE))
            place = f"s3://{bucket.name}/{newest.key}"
            is_cut = newest.size > MAX_LINE
            if is_cut and file_kind(path) == "parquet":
                # A Parquet file has its index at its end.
                if newest.size > MAX_WHOLE_BYTES:
                    raise PreviewError(
                        _("The newest object is a Parquet file of more than %(n)s MiB, too long for a test")
                        % {"n": MAX_WHOLE_BYTES >> 20},
                    )
                bucket.download(newest, path)
                is_cut = False
            return sample_file(path, format_name, config, now, place=place, is_cut=is_cut)
    except SecretError as problem:
        raise PreviewError(str(problem), secret_advice()) from None
    except (ConnectorError, ObjectError) as problem:
        raise PreviewError(str(problem)) from None


def _newest_object(bucket: Bucket, settings: S3Settings, config: Mapping[str, Any], now: datetime) -> StoredObject:
    """Looked for among recent days, then back to the first day that is wanted."""
    first = datetime.fromtimestamp(history_start(config, now), UTC).date()
    for day in (max(first, now.date() - settings.window), first):
        objects = [
            item
            for prefix in settings.prefixes[:MAX_PREFIXES]
            for page in islice(list_pages(bucket, prefix, "", day, settings.skipped), MAX_PAGES)
            for item in page.objects
        ]
        if objects:
            return max(objects, key=lambda item: (item.modified, item.key))
    raise PreviewError(
        _("There is no object under this prefix that is newer than %(day)s") % {"day": f"{first:%Y-%m-%d}"},
        _("Check the prefix, or choose an earlier first day."),
    )
