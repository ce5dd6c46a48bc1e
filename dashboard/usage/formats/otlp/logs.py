"""Log records of OTLP that describe a whole call: an event of the GenAI conventions that may replace a span.

Other records, such as a prompt or a choice, hold content and no call; they are skipped.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dashboard.usage.buckets import key_digest
from dashboard.usage.formats.documents import RECORD_ERRORS
from dashboard.usage.formats.otlp import spans as otlp_spans
from dashboard.usage.formats.otlp.metrics import attributes_of, identity_of, list_of, object_of

__all__ = ["EVENT", "spans"]

EVENT = "gen_ai.client.inference.operation.details"
NOTHING = otlp_spans.Span("", "", "", 0, {})
"""Stands for a record that describes no call."""

JSONObject = Mapping[str, Any]


def spans(request: JSONObject) -> Iterator[tuple[otlp_spans.Attributes, otlp_spans.Span | Exception]]:
    """Each record of a request with its resource's attributes, as the span that it describes.

    Raises ValueError when the request itself is none of logs.
    """
    for group in list_of(request, "resourceLogs"):
        resource = attributes_of(object_of(group, "resource"))
        for scope in list_of(group, "scopeLogs"):
            for record in list_of(scope, "logRecords"):
                try:
                    yield resource, _span(record)
                except RECORD_ERRORS as problem:
                    yield resource, problem


def _span(record: JSONObject) -> otlp_spans.Span:
    if _name(record) != EVENT:
        return NOTHING
    try:
        # An event is written when a call has ended; its start is not recorded.
        at = int(record.get("timeUnixNano") or record.get("observedTimeUnixNano") or "")
    except (ValueError, TypeError, OverflowError):
        raise ValueError("no time") from None
    trace, span = (str(record.get(name) or "").lower() for name in ("traceId", "spanId"))
    # Outside of a trace it is recognised by all of its attributes.
    return otlp_spans.Span(
        trace or "log", span or key_digest(at, identity_of(record)), "", at, attributes_of(record)
    )


def _name(record: JSONObject) -> str:
    """Older writers put the name among the attributes."""
    if name := record.get("eventName"):
        return str(name)
    named = (each for each in list_of(record, "attributes") if each.get("key") == "event.name")
    return str(next((object_of(each, "value").get("stringValue") for each in named), ""))
