"""Pages of Langfuse's observations API (v2), asked for with the fields core, basic, time, model and usage."""

# ruff: noqa: N815  fields have the names that the log gives them

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.langfuse import common as langfuse
from dashboard.usage.records import Called, Caller, CallRow

__all__ = ["LangfuseObservations"]

_nothing = Raw(b"null")


class Observation(msgspec.Struct, gc=False):
    id: str
    type: str
    startTime: str
    projectId: str | None = None
    level: str | None = None
    statusMessage: str | None = None
    environment: str | None = None
    providedModelName: str | None = None
    usageDetails: langfuse.Details = None
    totalCost: langfuse.Amount = None
    traceName: str | None = None
    tags: Raw = _nothing


class LangfuseObservations(DocumentFormat):
    name = "langfuse-observations"
    parse = staticmethod(msgspec.json.Decoder(Observation).decode)

    def extract(self, record: Observation) -> CallRow | None:
        if record.type not in langfuse.CALLS:
            return None
        return langfuse.row(
            record.type,
            record.startTime,
            record.projectId,
            record.id,
            record.providedModelName,
            record.traceName,
            record.environment,
            record.tags,
            record.level,
            record.statusMessage,
            record.usageDetails,
            record.totalCost,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        return langfuse.describe(key)

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "observations of Langfuse's API" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "traceId" in line and "startTime" in line and "type" in line and "projectId" in line
