"""OTLP in JSON: one ExportTraceServiceRequest per line, as the collector's file exporter writes it.

A line holds many spans, each a record. A file may also hold metrics and logs, which are passed over.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from dashboard.usage.formats import otlp_spans
from dashboard.usage.formats.documents import FAULTS, DocumentFormat
from dashboard.usage.formats.lines import Sample
from dashboard.usage.records import Called, Caller, Row

__all__ = ["Found", "OTLPTraces", "together"]

FAILED = (2, "2", "STATUS_CODE_ERROR")
_nothing = Raw(b"")
EVENTS = 50  # of a failed span, looked at for what went wrong


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


class ScopeSpans(msgspec.Struct, gc=False):
    spans: list[Raw] = []


class ResourceSpans(msgspec.Struct, gc=False):
    resource: Resource | None = None
    scopeSpans: list[ScopeSpans] = []


class Request(msgspec.Struct, gc=False):
    resourceSpans: list[ResourceSpans] | None = None
    resourceMetrics: Raw = _nothing
    resourceLogs: Raw = _nothing


class Found(NamedTuple):
    resource: otlp_spans.Attributes
    span: otlp_spans.Span
    repeated: set[tuple[str, str]]


_request = msgspec.json.Decoder(Request)
_span = msgspec.json.Decoder(SpanLine)


class OTLPTraces(DocumentFormat):
    name = "otlp-traces"
    many = True

    def records(self, raw: bytes) -> Sequence[Found | Exception]:
        request = _request.decode(raw)
        if request.resourceSpans is None:
            if not bytes(request.resourceMetrics) and not bytes(request.resourceLogs) and raw.strip() != b"{}":
                raise ValueError("no resourceSpans")
            return []
        return together(_spans(request.resourceSpans))

    def extract(self, record: Found) -> Row | None:
        span = record.span
        if not otlp_spans.is_inference(span) or (span.trace, span.span) in record.repeated:
            return None
        return otlp_spans.extract(record.resource, span)

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        return otlp_spans.describe(key)

    def recognise(self, sample: Sample) -> str:
        # A line may be longer than what is looked at, so its beginning must do.
        ours = sum(_opens_spans(line) for line in sample.lines)
        others = sum(bool({"resourceMetrics", "resourceLogs"} & found.keys()) for found in sample.objects)
        return "OTLP requests with resourceSpans" if ours and ours + others >= sample.needed else ""


def together(
    spans: Iterable[tuple[otlp_spans.Attributes, otlp_spans.Span | Exception]],
) -> list[Found | Exception]:
    """The records of the spans of one request, each with its resource's attributes, however it was encoded.

    They are judged together: an outer span may sit under another resource than the call inside of it.
    """
    repeated: set[tuple[str, str]] = set()
    found = [s if isinstance(s, Exception) else Found(resource, s, repeated) for resource, s in spans]
    repeated |= otlp_spans.outer([each.span for each in found if isinstance(each, Found)])
    return found


def _spans(
    groups: list[ResourceSpans],
) -> Iterator[tuple[otlp_spans.Attributes, otlp_spans.Span | Exception]]:
    for group in groups:
        resource = _attributes(group.resource.attributes) if group.resource else {}
        for scope in group.scopeSpans:
            for span in scope.spans:
                try:
                    yield resource, _plain(_span.decode(span))
                except FAULTS as problem:
                    yield resource, problem


def _opens_spans(line: bytes) -> bool:
    return line.lstrip()[:40].replace(b" ", b"").startswith(b'{"resourceSpans":[')


def _attributes(attributes: list[Attribute]) -> dict[str, otlp_spans.Value]:
    return {
        attribute.key: value
        for attribute in attributes
        if attribute.key in otlp_spans.WANTED and (value := _value(attribute.value)) is not None
    }


def _value(value: AnyValue | None) -> otlp_spans.Value | None:
    """64-bit integers are strings in some writers' JSON; `tokens` reads both."""
    if value is None:
        return None
    told = (value.stringValue, value.intValue, value.doubleValue, value.boolValue)
    return next((each for each in told if each is not None), None)


def _plain(line: SpanLine) -> otlp_spans.Span:
    failed = line.status is not None and line.status.code in FAILED
    message = (line.status.message or "") if failed and line.status else ""
    if failed:
        message += " ".join(["", *_exceptions(line.events or [])])
    try:
        start = int(line.startTimeUnixNano)
    except ValueError:
        raise ValueError("startTimeUnixNano is not a number") from None
    return otlp_spans.Span(
        line.traceId.lower(),
        line.spanId.lower(),
        (line.parentSpanId or "").lower(),
        start,
        _attributes(line.attributes),
        failed,
        message,
    )


def _exceptions(events: list[Event]) -> Iterator[str]:
    """The types and messages of exceptions, cut: only to see what went wrong, never kept."""
    for event in events[:EVENTS]:
        for attribute in event.attributes:
            if attribute.key.startswith("exception.") and attribute.value and attribute.value.stringValue:
                yield attribute.value.stringValue[:500]
