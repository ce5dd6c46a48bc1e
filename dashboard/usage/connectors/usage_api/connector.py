"""Usage APIs: OpenAI's organization usage and Anthropic's usage report, in UTC days.

A provider's numbers of a day grow for a while, so the last three days are asked for again with every poll
and replaced. The admin key is read from the environment, is sent to nobody but the provider, and is in no message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.secrets import SecretError, read_secret
from dashboard.usage.connectors.sync_window import ConnectorError, WindowCheckpointer, history_start
from dashboard.usage.connectors.usage_api.client import UsageApiClient
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import Batch, last_hour

__all__ = ["PROVIDERS", "Provider", "parse_config", "read"]

OPEN_DAYS = 3  # days whose numbers may still grow
CHUNK_DAYS = 31  # the most days that one page holds
CHUNKS = 12  # per poll and endpoint: a longer back-fill goes on with the next poll
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Provider:
    """How one API is asked: where, with which header, and which format its pages have."""

    base: str
    path: str
    format: str
    endpoints: tuple[str, ...]
    default: tuple[str, ...]

    def query(self, start: int, end: int) -> list[tuple[str, str]]:
        if self.format == "openai-usage":
            span = [("start_time", str(start)), ("end_time", str(end))]
            groups = ("project_id", "api_key_id", "model")
        else:
            span = [("starting_at", _iso(start)), ("ending_at", _iso(end))]
            groups = ("workspace_id", "api_key_id", "model")
        fixed = [("bucket_width", "1d"), ("limit", str(CHUNK_DAYS))]
        return [*span, *fixed, *(("group_by[]", group) for group in groups)]

    def headers(self, key: str) -> dict[str, str]:
        if self.format == "openai-usage":
            return {"Authorization": f"Bearer {key}"}
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}


PROVIDERS = {
    "openai": Provider(
        "https://api.openai.com",
        "/v1/organization/usage/{endpoint}",
        "openai-usage",
        ("completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions"),
        ("completions", "embeddings"),
    ),
    "anthropic": Provider(
        "https://api.anthropic.com",
        "/v1/organizations/usage_report/{endpoint}",
        "anthropic-usage",
        ("messages",),
        ("messages",),
    ),
}


def parse_config(config: Mapping[str, Any]) -> tuple[Provider, str, tuple[str, ...]]:
    """The provider, the base address and the endpoints that a configuration means. Raises DeliveryError."""
    provider = PROVIDERS.get(str(config.get("provider")))
    if provider is None:
        raise ConnectorError(f"provider must be one of {', '.join(PROVIDERS)}")
    base = str(config.get("url") or provider.base).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ConnectorError("url must begin with https://")
    endpoints = config.get("endpoints") or list(provider.default)
    if not isinstance(endpoints, list) or not set(endpoints) <= set(provider.endpoints):
        raise ConnectorError(f"endpoints must be a list of {', '.join(provider.endpoints)}")
    return provider, base, tuple(endpoints)


def read(source: Source, now: datetime) -> tuple[Counts, str]:
    """Ask for what is missing and for the open days; what counted, and the problem there was ("" for none).

    Each chunk of days commits with its checkpoint: a poll that fails or is killed loses none before it.
    """
    counts = Counts()
    try:
        provider, base, endpoints = parse_config(source.config)
        client = UsageApiClient(base, provider.headers(read_secret(source.config.get("key"))))
        problem = ""
        for endpoint in endpoints:
            more, trouble = _read_endpoint(
                WindowCheckpointer(source, endpoint, now), provider, client, endpoint, now
            )
            counts, problem = counts + more, problem or trouble
    except (ConnectorError, SecretError) as trouble:
        return counts, str(trouble)
    return counts, problem


def _read_endpoint(
    place: WindowCheckpointer, provider: Provider, client: UsageApiClient, endpoint: str, now: datetime
) -> tuple[Counts, str]:
    counts, problem = Counts(), ""
    today = int(now.timestamp()) // DAY * DAY
    first = history_start(place.source.config, now)
    recent = place.recent(first, today, OPEN_DAYS * DAY, CHUNK_DAYS * DAY, CHUNKS)
    for begin, end in chain(recent, place.history(first, CHUNK_DAYS * DAY, CHUNKS)):
        end = min(end, today + DAY)
        batch = Batch(last_hour(now))
        path = provider.path.format(endpoint=endpoint)
        for body in client.pages(path, provider.query(begin, end)):
            FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
        span = begin, min(end, today)
        counts += place.commit_span(batch.buckets.values(), span, batch.accepted, batch.rejected)
        if batch.rejects:
            problem = f"{batch.rejected} results of {endpoint} were not understood: {batch.rejects[0].reason}"
    return counts, problem or place.dimensions.overflow


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
