"""Helicone's requests, from its query API or its export tool.

A request is shown while it still runs, with a status below zero, and again when it has ended; the last
counts. On Azure the requested model is a deployment's name.
"""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw

from dashboard.core.providers import platform_of_host, platform_of_tool
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.caller_labels import decode_labels
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import GONE_STATUS
from dashboard.usage.records import (
    UNKNOWN,
    Called,
    Caller,
    CallRow,
    checked_count,
    clean,
    cost_nano,
    epoch_seconds,
)

__all__ = ["Helicone"]

_nothing = Raw(b"null")
Count = float | int | str | None


class Request(msgspec.Struct, gc=False):
    request_created_at: str | float | int
    response_status: int | None
    request_id: str | None = None
    provider: str | None = None
    model: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    model_override: str | None = None
    request_user_id: str | None = None
    request_properties: Raw = _nothing
    properties: Raw = _nothing
    prompt_tokens: Count = None
    completion_tokens: Count = None
    cost: float | int | None = None
    target_url: str | None = None


class Helicone(DocumentFormat):
    name = "helicone"
    parse = staticmethod(msgspec.json.Decoder(Request).decode)

    def extract(self, record: Request) -> CallRow | None:
        status = record.response_status
        if status is None or status < 0:
            return None
        requested_model = record.model_override or record.request_model or record.model
        if record.provider and record.provider.upper() == "AZURE":
            requested_model = record.response_model or requested_model
        described = bytes(record.request_properties)
        if described in {b"null", b"{}"}:
            described = bytes(record.properties)
        return (
            epoch_seconds(record.request_created_at),
            (record.request_user_id, described, record.provider, record.target_url, requested_model),
            record.request_id,
            1,
            int(status >= 400),
            int(status in GONE_STATUS),
            checked_count(record.prompt_tokens, "prompt_tokens"),
            checked_count(record.completion_tokens, "completion_tokens"),
            cost_nano(record.cost),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        user, properties, provider, url, model = key
        labels, person = decode_labels(properties), clean(user, 200)
        caller = Caller(
            labels.consumer or person or UNKNOWN,
            team=labels.team,
            key_alias=person,
            tags=labels.tags,
            service=labels.application,
        )
        host, path = _parts(url or "")
        # The provider is how the request came in; for one of the operator's own, the address names the platform.
        platform = platform_of_tool(provider) or platform_of_host(host)
        at = called_at(path, host)
        return caller, Called(platform, clean(model, 300), at.endpoint if at else "")

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "requests of Helicone" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "request_created_at" in line and "response_status" in line and "request_id" in line


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.hostname or "", parts.path
