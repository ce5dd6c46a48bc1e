"""Google Cloud's data access audit logs: predictions of Vertex AI, whoever made the model.

A stream writes an entry when it starts and one when it ends; the first counts. No tokens.
"""

# ruff: noqa: N815  fields have the names that the log gives them

import re
from typing import Any

import msgspec

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, clean, epoch_seconds

__all__ = ["GCPAuditVertex"]

NOT_FOUND = 5  # google.rpc.Code
_call = re.compile(r"(?:PredictionService|LlmBidiService)\.(?!CountTokens$|Fetch|Explain$)(\w+)$")


class Status(msgspec.Struct, gc=False):
    code: int | None = None


class Authentication(msgspec.Struct, gc=False):
    principalEmail: str | None = None


class RequestMetadata(msgspec.Struct, gc=False):
    callerSuppliedUserAgent: str | None = None


class Payload(msgspec.Struct, gc=False):
    methodName: str | None = None
    resourceName: str | None = None
    authenticationInfo: Authentication | None = None
    requestMetadata: RequestMetadata | None = None
    status: Status | None = None


class Operation(msgspec.Struct, gc=False):
    first: bool = False
    last: bool = False


class Entry(msgspec.Struct, gc=False):
    timestamp: str
    insertId: str
    logName: str
    protoPayload: Payload | None = None
    operation: Operation | None = None


class GCPAuditVertex(DocumentFormat):
    name = "gcp-audit-vertex"
    parse = staticmethod(msgspec.json.Decoder(Entry).decode)

    def extract(self, record: Entry) -> CallRow | None:
        payload, operation = record.protoPayload, record.operation
        if payload is None or not payload.methodName or (operation and operation.last and not operation.first):
            return None
        found = _call.search(payload.methodName)
        if not found:
            return None
        code = (payload.status.code if payload.status else None) or 0
        return (
            epoch_seconds(record.timestamp),
            (
                payload.authenticationInfo.principalEmail if payload.authenticationInfo else None,
                payload.requestMetadata.callerSuppliedUserAgent if payload.requestMetadata else None,
                payload.resourceName,
                found[1],
            ),
            f"{record.insertId} {record.timestamp} {record.logName}",
            1,
            int(code != 0),
            int(code == NOT_FOUND),
            None,
            None,
            None,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        email, agent, resource, act = key
        who = clean(email, 200)
        caller = Caller(who or UNKNOWN, key_alias=who, user_agent=clean(agent, 200))
        endpoint = f"/models/*:{act[:1].lower()}{clean(act[1:], 60)}"
        return caller, Called("vertex-ai", clean(resource, 300), endpoint)

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "Google Cloud audit log entries" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "protoPayload" in line and "insertId" in line and "logName" in line
