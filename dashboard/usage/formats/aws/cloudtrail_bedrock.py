"""AWS CloudTrail: calls of Bedrock among the events of an account.

A trail's files hold `{"Records": [...]}` with the events of every service; those that call no model are
passed over. Each event may also come as text inside of another, as `aws cloudtrail lookup-events` prints
it. CloudTrail is on without setting anything up, and knows callers but no tokens.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from typing import Any

import msgspec

from dashboard.usage.formats.aws.common import ENDPOINTS, GONE_ERRORS, principal
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.model_gone import reports_model_gone
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, clean, epoch_seconds

__all__ = ["CloudTrailBedrock"]


class Issuer(msgspec.Struct, gc=False):
    userName: str | None = None


class SessionContext(msgspec.Struct, gc=False):
    sessionIssuer: Issuer | None = None


class UserIdentity(msgspec.Struct, gc=False):
    arn: str | None = None
    userName: str | None = None
    sessionContext: SessionContext | None = None
    invokedBy: str | None = None


class Parameters(msgspec.Struct, gc=False):
    modelId: str | None = None


class Event(msgspec.Struct, gc=False):
    eventSource: str = ""
    eventName: str = ""
    eventTime: str = ""
    eventID: str = ""
    userIdentity: UserIdentity | None = None
    userAgent: str | None = None
    requestParameters: Parameters | None = None
    errorCode: str | None = None
    errorMessage: str | None = None
    CloudTrailEvent: str | None = None


_event = msgspec.json.Decoder(Event)


class CloudTrailBedrock(DocumentFormat):
    name = "cloudtrail-bedrock"
    parse = staticmethod(_event.decode)

    def extract(self, record: Event) -> CallRow | None:
        if record.CloudTrailEvent:
            record = _event.decode(record.CloudTrailEvent)
        if not record.eventSource or not record.eventID:
            raise ValueError("no eventSource" if record.eventID else "no eventID")
        if record.eventSource != "bedrock.amazonaws.com" or record.eventName not in ENDPOINTS:
            return None
        failed = bool(record.errorCode)
        gone = failed and (record.errorCode in GONE_ERRORS or reports_model_gone(record.errorMessage))
        return (
            epoch_seconds(record.eventTime),
            (
                _who(record.userIdentity),
                record.userAgent,
                record.requestParameters.modelId if record.requestParameters else None,
                record.eventName,
            ),
            record.eventID,
            1,
            int(failed),
            int(gone),
            None,
            None,
            None,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        who, agent, model, name = key
        role = clean(who, 200)
        caller = Caller(role or UNKNOWN, key_alias=role, user_agent=clean(agent, 200))
        return caller, Called("aws-bedrock", clean(model, 300), ENDPOINTS[name])

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "CloudTrail events" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return {"eventSource", "eventName", "eventID"} <= line.keys() or {
            "CloudTrailEvent",
            "EventId",
        } <= line.keys()


def _who(identity: UserIdentity | None) -> str:
    """The role behind a session, else the user, else the AWS service that called on its own."""
    if identity is None:
        return ""
    issuer = identity.sessionContext.sessionIssuer if identity.sessionContext else None
    named = issuer.userName if issuer else identity.userName
    return named or principal(identity.arn or "") or identity.invokedBy or ""
