"""Portkey's log export: JSON lines with the fields that were asked for.

`cost` is in cents. `trace_id` is shared by the fallbacks of one request, so only `id` tells calls apart:
ask for it. An export without it is recognised by its content only.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from dashboard.core.providers import platform_of_tool
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.caller_labels import read_labels
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

__all__ = ["Portkey"]

PLATFORMS = {"google": "gemini-api", "palm": "gemini-api"}  # Portkey's names for Google's two platforms differ
Count = float | int | str | None
Key = str | list[str | None] | None


class PortkeyLine(msgspec.Struct, gc=False):
    created_at: str | float | int
    ai_model: str | None
    ai_org: str | None = None
    id: str | None = None
    is_success: bool | int | str | None = None
    response_status_code: int | str | None = None
    req_units: Count = None
    res_units: Count = None
    cost: float | int | str | None = None
    cost_currency: str | None = None
    request_url: str | None = None
    virtual_key: str | None = None
    metadata: dict[str, Any] | list[Any] | str | None = None
    metadata_key: Key = msgspec.field(default=None, name="metadata.key")
    metadata_value: Key = msgspec.field(default=None, name="metadata.value")


_any = msgspec.json.Decoder()


class Portkey(DocumentFormat):
    name = "portkey"
    parse = staticmethod(msgspec.json.Decoder(PortkeyLine).decode)

    def extract(self, record: PortkeyLine) -> CallRow:
        status = _status(record.response_status_code)
        failed = status >= 400 or record.is_success in {0, "0", "false"}
        labels = read_labels(_metadata(record))
        return (
            epoch_seconds(record.created_at),
            (labels, record.virtual_key, record.ai_org, record.ai_model, record.request_url),
            record.id,
            1,
            int(failed),
            int(status in GONE_STATUS),
            checked_count(record.req_units, "req_units"),
            checked_count(record.res_units, "res_units"),
            cost_nano(_dollars(record)),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        labels, virtual_key, org, model, url = key
        alias = clean(virtual_key, 200)
        caller = Caller(
            labels.consumer or alias or UNKNOWN, labels.team, alias, tags=labels.tags, service=labels.application
        )
        platform = PLATFORMS.get((org or "").lower()) or platform_of_tool(org)
        at = called_at(url or "", "")
        return caller, Called(platform, clean(model, 300), at.endpoint if at else "")

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "Portkey's log export" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return (
            "created_at" in line
            and "ai_model" in line
            and bool({"ai_org", "req_units", "is_success"} & line.keys())
        )


def _metadata(record: PortkeyLine) -> Mapping[str, Any]:
    """Metadata in any of the shapes met: an object, pairs of key and value, or two arrays side by side."""
    metadata = record.metadata
    if isinstance(metadata, str):
        metadata = _any.decode(metadata) if metadata.lstrip()[:1] in {"{", "["} else None
    if isinstance(metadata, dict):
        names, values = metadata.get("key"), metadata.get("value")
        if isinstance(names, list) and isinstance(values, list):
            return dict(zip(map(str, names), values, strict=False))
        return metadata
    if isinstance(metadata, list):
        return {
            str(pair["key"]): pair.get("value") for pair in metadata if isinstance(pair, dict) and "key" in pair
        }
    names, values = record.metadata_key, record.metadata_value
    if isinstance(names, list) and isinstance(values, list):
        return {name: value for name, value in zip(names, values, strict=False) if name}
    return {names: values} if isinstance(names, str) and isinstance(values, str) else {}


def _status(status: int | str | None) -> int:
    try:
        return int(status or 0)
    except ValueError:
        raise ValueError("response_status_code is not a number") from None


def _dollars(record: PortkeyLine) -> float | None:
    """Cents to dollars; an amount in another currency is left out."""
    if record.cost in {None, ""} or (record.cost_currency or "USD").upper() != "USD":
        return None
    try:
        return float(record.cost or 0) / 100
    except ValueError:
        raise ValueError("cost is not a number") from None
