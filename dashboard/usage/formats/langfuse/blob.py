"""Langfuse's blob storage export of observations, as JSON or JSON lines.

Both ends of an export's window are included and updates are written again, so an observation may come
twice. Of those that are read together, the one that was updated last counts.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat, PlacedValue
from dashboard.usage.formats.langfuse import common as langfuse
from dashboard.usage.records import Called, Caller, CallRow

__all__ = ["LangfuseBlob"]

_nothing = Raw(b"null")


class Observation(msgspec.Struct, gc=False):
    id: str
    type: str
    start_time: str
    project_id: str | None = None
    level: str | None = None
    status_message: str | None = None
    environment: str | None = None
    provided_model_name: str | None = None
    usage_details: langfuse.Details = None
    total_cost: langfuse.Amount = None
    trace_name: str | None = None
    tags: Raw = _nothing


class Stamp(msgspec.Struct, gc=False):
    updated_at: str = ""


_stamp = msgspec.json.Decoder(Stamp)


class LangfuseBlob(DocumentFormat):
    name = "langfuse-blob"
    many = True
    parse = staticmethod(msgspec.json.Decoder(Observation).decode)

    def order(self, values: list[PlacedValue]) -> Iterable[PlacedValue]:
        return sorted(values, key=_updated, reverse=True)

    def extract(self, record: Observation) -> CallRow | None:
        if record.type not in langfuse.CALLS:
            return None
        return langfuse.row(
            record.type,
            record.start_time,
            record.project_id,
            record.id,
            record.provided_model_name,
            record.trace_name,
            record.environment,
            record.tags,
            record.level,
            record.status_message,
            record.usage_details,
            record.total_cost,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        return langfuse.describe(key)

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "observations exported by Langfuse" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "trace_id" in line and "start_time" in line and "type" in line and "project_id" in line


def _updated(value: PlacedValue) -> str:
    try:
        return _stamp.decode(value[2]).updated_at
    except RECORD_ERRORS:
        return ""
