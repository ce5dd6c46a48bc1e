"""OTLP in JSON: one ExportTraceServiceRequest per line, as the collector's file exporter writes it.

A line holds many spans, each a record. A file may also hold metrics and logs, which are passed over.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.formats.otlp import spans as otlp_spans
from dashboard.usage.formats.otlp.fast_path import SpanFastPath
from dashboard.usage.formats.otlp.json import Request, SpanLine, attributes, plain
from dashboard.usage.records import Called, Caller, CallRow

__all__ = ["OTLPTraces", "SpanRecord", "span_records"]


class SpanRecord(NamedTuple):
    resource: otlp_spans.Attributes
    span: otlp_spans.Span
    repeated: set[tuple[str, str]]


# Its spans are decoded one by one, so that one at fault does not hide the others.
_request = msgspec.json.Decoder(Request[Raw])
_span = msgspec.json.Decoder(SpanLine)


class OTLPTraces(DocumentFormat, FastPathFormat):
    name = "otlp-traces"
    many = True
    fast_path = SpanFastPath

    def records(self, raw: bytes) -> Sequence[SpanRecord | Exception]:
        request = _request.decode(raw)
        if request.resourceSpans is None:
            if not bytes(request.resourceMetrics) and not bytes(request.resourceLogs) and raw.strip() != b"{}":
                raise ValueError("no resourceSpans")
            return []
        return span_records(_spans(request))

    def extract(self, record: SpanRecord) -> CallRow | None:
        span = record.span
        if not otlp_spans.is_inference(span) or (span.trace, span.span) in record.repeated:
            return None
        return otlp_spans.extract(record.resource, span)

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        return otlp_spans.describe(key)

    def recognise(self, sample: DetectionSample) -> str:
        # A line may be longer than what is looked at, so its beginning must do.
        ours = sum(_opens_spans(line) for line in sample.lines)
        others = sum(bool({"resourceMetrics", "resourceLogs"} & found.keys()) for found in sample.objects)
        return "OTLP requests with resourceSpans" if ours and ours + others >= sample.needed else ""


def span_records(
    spans: Iterable[tuple[otlp_spans.Attributes, otlp_spans.Span | Exception]],
) -> list[SpanRecord | Exception]:
    """The records of the spans of one request, each with its resource's attributes, however it was encoded.

    They are judged together: an outer span may sit under another resource than the call inside of it.
    """
    repeated: set[tuple[str, str]] = set()
    found = [s if isinstance(s, Exception) else SpanRecord(resource, s, repeated) for resource, s in spans]
    repeated |= otlp_spans.repeated_outer_spans([each.span for each in found if isinstance(each, SpanRecord)])
    return found


def _spans(request: Request[Raw]) -> Iterator[tuple[otlp_spans.Attributes, otlp_spans.Span | Exception]]:
    for group in request.resourceSpans or ():
        resource = attributes(group.resource)
        for scope in group.scopeSpans:
            for span in scope.spans:
                try:
                    yield resource, plain(_span.decode(span))
                except RECORD_ERRORS as problem:
                    yield resource, problem


def _opens_spans(line: bytes) -> bool:
    return line.lstrip()[:40].replace(b" ", b"").startswith(b'{"resourceSpans":[')
