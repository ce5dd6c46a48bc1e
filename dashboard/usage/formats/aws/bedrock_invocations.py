"""Amazon Bedrock's model invocation log, the same in S3 and CloudWatch: one JSON object per call.

`modelId` is what the caller sent: an id, an inference profile, or an ARN. `aws logs filter-log-events`
prints each record as the text of an event.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.aws.common import ENDPOINTS, GONE_ERRORS, principal
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.caller_labels import decode_labels
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import reports_model_gone
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, checked_count, clean, epoch_seconds

__all__ = ["BedrockInvocations"]

_nothing = Raw(b"null")


class Identity(msgspec.Struct, gc=False):
    arn: str | None = None


class Input(msgspec.Struct, gc=False):
    inputTokenCount: float | int | str | None = None


class Output(msgspec.Struct, gc=False):
    outputTokenCount: float | int | str | None = None


class Invocation(msgspec.Struct, gc=False):
    timestamp: str | int | None = None
    requestId: str | None = None
    operation: str = ""
    modelId: str | None = None
    identity: Identity | None = None
    requestMetadata: Raw = _nothing
    input: Input | None = None
    output: Output | None = None
    errorCode: str | int | None = None
    errorMessage: str | None = None
    message: str | None = None


_invocation = msgspec.json.Decoder(Invocation)


class BedrockInvocations(DocumentFormat):
    name = "bedrock-invocations"
    parse = staticmethod(_invocation.decode)

    def extract(self, record: Invocation) -> CallRow | None:
        if record.message and not record.requestId:
            record = _invocation.decode(record.message)
        if not record.timestamp or not record.requestId or not record.operation:
            raise ValueError("no timestamp, requestId or operation")
        if record.operation == "CountTokens":
            return None
        error = str(record.errorCode or "")
        gone = error in GONE_ERRORS or (error != "" and reports_model_gone(record.errorMessage))
        return (
            epoch_seconds(record.timestamp),
            (
                record.identity.arn if record.identity else None,
                bytes(record.requestMetadata),
                record.modelId,
                record.operation,
            ),
            record.requestId,
            1,
            int(error != ""),
            int(gone),
            checked_count(record.input.inputTokenCount, "inputTokenCount") if record.input else None,
            checked_count(record.output.outputTokenCount, "outputTokenCount") if record.output else None,
            None,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        arn, metadata, model, operation = key
        labels, role = decode_labels(metadata), clean(principal(arn or ""), 200)
        caller = Caller(
            consumer=labels.consumer or role or UNKNOWN,
            team=labels.team,
            key_alias=role,
            tags=labels.tags,
            service=labels.application,
        )
        endpoint = ENDPOINTS.get(operation) or clean(operation, 100)
        return caller, Called("aws-bedrock", clean(model, 300), endpoint)

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "Bedrock's model invocation log" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        if "requestId" in line:
            return line.get("schemaType") == "ModelInvocationLog"
        return "timestamp" in line and '"ModelInvocationLog"' in str(line.get("message"))
