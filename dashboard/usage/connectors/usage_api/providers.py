"""The usage APIs that Sundial knows, and what a source's configuration means for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dashboard.core.http.addresses import PrivateAddressError, check_literal
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.secrets import parse_destination, read_secret
from dashboard.usage.connectors.usage_api.client import UsageApiClient

__all__ = ["CHUNK_DAYS", "PROVIDERS", "Provider", "connect", "parse_config"]

CHUNK_DAYS = 31  # the most days that one page holds
LOOPBACK = {"localhost", "127.0.0.1", "::1"}  # where plain http is read, if private hosts are allowed at all


@dataclass(frozen=True)
class Provider:
    """One API: its address, its headers and the format of its pages."""

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
    """The provider, the base address and the endpoints of a configuration. Raises ConnectorError."""
    provider = PROVIDERS.get(str(config.get("provider")))
    if provider is None:
        raise ConnectorError(f"provider must be one of {', '.join(PROVIDERS)}")
    base = str(config.get("url") or provider.base).rstrip("/")
    try:
        destination = parse_destination(base)
    except ValueError:
        raise ConnectorError("url must be an address such as https://api.openai.com") from None
    if not base.startswith("https:") and destination.host not in LOOPBACK:
        raise ConnectorError("url must begin with https://")
    try:
        check_literal(destination.host, destination.port)
    except PrivateAddressError as error:
        raise ConnectorError(str(error)) from None
    endpoints = config.get("endpoints") or list(provider.default)
    if not isinstance(endpoints, list) or not set(endpoints) <= set(provider.endpoints):
        raise ConnectorError(f"endpoints must be a list of {', '.join(provider.endpoints)}")
    return provider, base, tuple(endpoints)


def connect(config: Mapping[str, Any], **limits: float) -> UsageApiClient:
    """A client with the key of a configuration. Raises ConnectorError or SecretError."""
    provider, base, _endpoints = parse_config(config)
    key = read_secret(config.get("key"), parse_destination(base))
    return UsageApiClient(base, provider.headers(key), is_chosen=bool(config.get("url")), **limits)


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
