"""Traces of OTLP in JSON as they stand in a log: the messages, and a span of them as plain values.

Of opentelemetry-proto 1.x in its JSON mapping, only the fields that are looked at.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Raw

from dashboard.usage.formats.otlp import spans as otlp_spans

__all__ = ["FAILED", "AnyValue", "Request", "SpanLine", "attributes", "plain"]

FAILED = (2, "2", "STATUS_CODE_ERROR")
EVENTS = 50  # of a failed span, looked at for what went wrong
_nothing = Raw(b"")

S = TypeVar("S")  # how spans are decoded


class AnyValue(msgspec.Struct, gc=False):
    stringValue: str | None = None
    intValue: int | str | None = None
    doubleValue: float | str | None = None
    boolValue: bool | None = None


class Attribute(msgspec.Struct, gc=False):
    key: str = ""
    value: AnyValue | None = None


class Resource(msgspec.Struct, gc=False):
    attributes: list[Attribute] = []


class Status(msgspec.Struct, gc=False):
    code: int | str | None = None
    message: str | None = None


class Event(msgspec.Struct, gc=False):
    attributes: list[Attribute] = []


class SpanLine(msgspec.Struct, gc=False):
    startTimeUnixNano: int | str
    traceId: str = ""
    spanId: str = ""
    parentSpanId: str | None = None
    attributes: list[Attribute] = []
    status: Status | None = None
    events: list[Event] | None = None


class ScopeSpans(msgspec.Struct, Generic[S], gc=False):
    spans: list[S] = []


class ResourceSpans(msgspec.Struct, Generic[S], gc=False):
    resource: Resource | None = None
    scopeSpans: list[ScopeSpans[S]] = []


class Request(msgspec.Struct, Generic[S], gc=False):
    """An ExportTraceServiceRequest, or one of the others, whose content is passed over."""

    resourceSpans: list[ResourceSpans[S]] | None = None
    resourceMetrics: Raw = _nothing
    resourceLogs: Raw = _nothing


def attributes(resource: Resource | SpanLine | None) -> dict[str, otlp_spans.Value]:
    """Those of a resource or span that are looked at. 64-bit integers are strings in some writers' JSON."""
    return {
        attribute.key: value
        for attribute in (resource.attributes if resource else ())
        if attribute.key in otlp_spans.WANTED and (value := _value(attribute.value)) is not None
    }


def plain(line: SpanLine) -> otlp_spans.Span:
    """A span as its vocabulary is read. Raises ValueError when its start is no time."""
    message, failed = "", line.status is not None and line.status.code in FAILED
    if failed and line.status:
        message = " ".join([line.status.message or "", *_exceptions(line.events or [])])
    try:
        start = int(line.startTimeUnixNano)
    except ValueError:
        raise ValueError("startTimeUnixNano is not a number") from None
    return otlp_spans.Span(
        line.traceId.lower(),
        line.spanId.lower(),
        (line.parentSpanId or "").lower(),
        start,
        attributes(line),
        failed,
        message,
    )


def _value(value: AnyValue | None) -> otlp_spans.Value | None:
    if value is None:
        return None
    told = (value.stringValue, value.intValue, value.doubleValue, value.boolValue)
    return next((each for each in told if each is not None), None)


def _exceptions(events: list[Event]) -> Iterator[str]:
    """The types and messages of exceptions, cut: only to see what went wrong, never kept."""
    for event in events[:EVENTS]:
        for attribute in event.attributes:
            if attribute.key.startswith("exception.") and attribute.value and attribute.value.stringValue:
                yield attribute.value.stringValue[:500]
