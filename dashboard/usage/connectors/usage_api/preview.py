"""A sample of a usage API: one page of its first endpoint."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.base import ConnectorError, PreviewError, Sample
from dashboard.usage.connectors.preview_base import SAMPLE_RECORDS, sample_records, secret_advice
from dashboard.usage.connectors.secrets import SecretError
from dashboard.usage.connectors.usage_api.providers import connect, parse_config
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch, last_hour

__all__ = ["sample_endpoint"]

TIMEOUT_SECONDS = 15
SAMPLE_DAYS = 7


def sample_endpoint(config: Mapping[str, Any], now: datetime) -> Sample:
    """Sample one page of the first endpoint, of the last days. Raises PreviewError."""
    try:
        provider, base, endpoints = parse_config(config)
        client = connect(config, waiting=0.0, timeout=TIMEOUT_SECONDS)
        tomorrow = (int(now.timestamp()) // DAY + 1) * DAY
        path = provider.path.format(endpoint=endpoints[0])
        body, next_page = client.page(path, provider.query(tomorrow - SAMPLE_DAYS * DAY, tomorrow))
    except SecretError as problem:
        raise PreviewError(str(problem), secret_advice()) from None
    except ConnectorError as problem:
        raise PreviewError(str(problem)) from None
    batch = Batch(last_hour(now))
    FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
    why = _("the answer of the provider, for the last %(n)s days") % {"n": SAMPLE_DAYS}
    sample = Sample(f"{base}{path}", provider.format, why, is_whole=not next_page)
    sample.count(batch)
    newest_first = sorted(sample_records(batch.buckets.values()), key=lambda record: -record.start)
    sample.records = newest_first[:SAMPLE_RECORDS]
    return sample
