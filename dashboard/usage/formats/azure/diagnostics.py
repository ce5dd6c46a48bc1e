"""Azure OpenAI resource logs: the lines of a storage account or event hub, and rows of AzureDiagnostics.

A `RequestResponse` row is a call. An `AzureOpenAIRequestUsage` row is a second row about one of them and
adds its tokens, never a call. `correlationId` is not unique, so a row's id is made of five fields.
Azure retires versions, so the model is `modelName@modelVersion`.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from functools import lru_cache
from typing import Any

import msgspec

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import GONE_STATUS
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, checked_count, clean, epoch_seconds

__all__ = ["AzureDiagnostics"]

TICKS_OF_1970 = 621_355_968_000_000_000  # .NET's clock counts 100 ns since the year 1
TICKS = 10_000_000  # in a second
CALLS, USAGE = "RequestResponse", "AzureOpenAIRequestUsage"
ENDPOINTS = {
    "ChatCompletions": "chat/completions",
    "Completions": "completions",
    "Embeddings": "embeddings",
    "ImageGenerations": "images/generations",
    "Transcriptions": "audio/transcriptions",
    "Translations": "audio/translations",
    "Speech": "audio/speech",
    "Responses": "responses",
}

Count = list[int | None] | float | int | str | None


class Properties(msgspec.Struct, gc=False):
    requestTime: float | int | str | None = None
    objectId: str | None = None
    modelDeploymentName: str | None = None
    modelName: str | None = None
    modelVersion: str | None = None
    promptTokens: Count = None
    generatedTokens: Count = None


class AzureLine(msgspec.Struct, gc=False):
    """A resource log's names, and those of the same columns in Log Analytics."""

    category: str | None = None
    time: str | None = None
    resourceId: str | None = None
    operationName: str | None = None
    resultSignature: str | int | None = None
    correlationId: str | None = None
    properties: Properties | str | None = None
    Category: str | None = None
    TimeGenerated: str | None = None
    ResourceId: str | None = None
    row_resource: str | None = msgspec.field(default=None, name="_ResourceId")
    OperationName: str | None = None
    ResultSignature: str | int | None = None
    CorrelationId: str | None = None
    properties_s: Properties | str | None = None


_properties = msgspec.json.Decoder(Properties)
_no_properties = Properties()


class AzureDiagnostics(DocumentFormat):
    name = "azure-diagnostics"
    parse = staticmethod(msgspec.json.Decoder(AzureLine).decode)

    def extract(self, record: AzureLine) -> CallRow | None:
        category = record.category or record.Category
        if not category:
            raise ValueError("no category")
        if category not in {CALLS, USAGE}:
            return None
        more = record.properties or record.properties_s or _no_properties
        if isinstance(more, str):
            more = _properties.decode(more)
        if not more.modelName and not more.modelDeploymentName:
            return None  # threads, files and listings call no model
        time = record.time or record.TimeGenerated
        if not more.requestTime and not time:
            raise ValueError("no time")
        at = _seconds(more.requestTime) if more.requestTime else epoch_seconds(time or "")
        resource = (record.resourceId or record.ResourceId or record.row_resource or "").lower()
        operation = record.operationName or record.OperationName or ""
        correlation = record.correlationId or record.CorrelationId
        key = (more.objectId, resource, operation, more.modelDeploymentName, more.modelName, more.modelVersion)
        identifier = f"{resource} {category} {operation} {correlation} {more.requestTime or time}"
        if category == USAGE:
            input_tokens, output_tokens = (
                _sum(more.promptTokens, "promptTokens"),
                _sum(more.generatedTokens, "generatedTokens"),
            )
            return (at, key, identifier, None, None, None, input_tokens, output_tokens, None)
        status = _status(record.resultSignature or record.ResultSignature or 0)
        return (at, key, identifier, 1, int(status >= 400), int(status in GONE_STATUS), None, None, None)

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        person, resource, operation, deployment, model, version = key
        account = clean(resource.rpartition("/")[2], 200)
        caller = Caller(
            consumer=clean(person, 200) or account or UNKNOWN,
            tags=f"deployment:{clean(deployment, 100)}" if deployment else "",
            service=account,
        )
        name = f"{model}@{version}" if model and version else model or deployment
        return caller, Called("azure-openai", clean(name, 300), _endpoint(operation))

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "resource logs of Azure OpenAI" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        resource = line.get("resourceId") or line.get("ResourceId") or line.get("_ResourceId") or ""
        return ("MICROSOFT.COGNITIVESERVICES" in str(resource).upper()) and bool(
            {"category", "Category"} & line.keys()
        )


def _seconds(ticks: float | str) -> int:
    try:
        return (int(ticks) - TICKS_OF_1970) // TICKS
    except (ValueError, OverflowError):
        raise ValueError("requestTime is not a number of ticks") from None


def _status(text: str | int) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("resultSignature is not an HTTP status") from None


def _sum(counts: Count, name: str) -> int | None:
    """Token counts come in an array, one for each prompt of the request."""
    if not isinstance(counts, list):
        return checked_count(counts, name)
    known = [count for count in counts if count is not None]
    return checked_count(sum(known), name) if known else None


@lru_cache(maxsize=1000)
def _endpoint(operation: str) -> str:
    act = ENDPOINTS.get(operation.partition("_")[0])
    return f"/openai/deployments/*/{act}" if act else clean(operation, 100)
