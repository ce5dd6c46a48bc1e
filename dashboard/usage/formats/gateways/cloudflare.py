"""Cloudflare AI Gateway: pages of its logs API, and the lines of a Logpush job.

Logpush encrypts the metadata and tells no tokens, so there a gateway is the caller. A fallback is a line
of its own. Guardrails ask a model of their own: such calls are the gateway's.
"""

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.core.providers import platform_of_tool
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.caller_labels import decode_labels
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import GONE_STATUS
from dashboard.usage.records import (
    INTERNAL,
    UNKNOWN,
    Called,
    Caller,
    CallRow,
    checked_count,
    clean,
    cost_nano,
    epoch_seconds,
)

__all__ = ["CloudflareAIGateway"]

_nothing = Raw(b"null")
GUARD = "llama-guard"


class CloudflareLine(msgspec.Struct, gc=False):
    """A log of the API in lower case, a line of Logpush in upper case."""

    id: str | None = None
    created_at: str | float | int | None = None
    provider: str | None = None
    model: str | None = None
    path: str | None = None
    status_code: int | None = None
    success: bool | None = None
    tokens_in: float | int | None = None
    tokens_out: float | int | None = None
    cost: float | int | None = None
    metadata: Raw = _nothing
    Gateway: str | None = None
    Provider: str | None = None
    Model: str | None = None
    Endpoint: str | None = None
    StatusCode: int | None = None
    Datetime: str | float | int | None = None
    Timestamp: str | float | int | None = None
    CreatedAt: str | float | int | None = None


class CloudflareAIGateway(DocumentFormat):
    name = "cloudflare-ai-gateway"
    parse = staticmethod(msgspec.json.Decoder(CloudflareLine).decode)

    def extract(self, record: CloudflareLine) -> CallRow:
        at = record.created_at or record.Datetime or record.Timestamp or record.CreatedAt
        provider = record.provider or record.Provider
        if not at or not provider:
            raise ValueError("no provider" if at else "no time")
        status = record.status_code or record.StatusCode or 0
        return (
            epoch_seconds(at),
            (
                record.Gateway,
                bytes(record.metadata),
                provider,
                record.model or record.Model,
                record.path or record.Endpoint,
            ),
            record.id,
            1,
            int(status >= 400 or record.success is False),
            int(status in GONE_STATUS),
            checked_count(record.tokens_in, "tokens_in"),
            checked_count(record.tokens_out, "tokens_out"),
            cost_nano(record.cost),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        gateway, metadata, provider, model, path = key
        labels, name = decode_labels(metadata), clean(gateway, 200)
        platform = platform_of_tool(provider)
        internal = GUARD in (model or "") and platform == "cloudflare-workers-ai" and metadata == b"null"
        caller = Caller(
            INTERNAL if internal else labels.consumer or name or UNKNOWN,
            team=labels.team,
            key_alias=name,
            tags=labels.tags,
            service=labels.application,
            internal=internal,
        )
        at = called_at("/v1/" + (path or "").removeprefix("/").removeprefix("v1/"), "")
        return caller, Called(platform, clean(model, 300), at.endpoint if at else clean(path, 100))

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "logs of Cloudflare AI Gateway" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        page = "tokens_in" in line and "provider" in line and "created_at" in line and "cached" in line
        return page or ("Gateway" in line and "Provider" in line and "Model" in line and "StatusCode" in line)
