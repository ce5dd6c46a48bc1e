"""Requests of OTLP/HTTP: what an exporter sends, in JSON or protobuf, as records that count by the formats' rules.

A request that is itself at fault raises; a record in it that is at fault is refused alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from dashboard.usage.formats.base import reject_reason
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat
from dashboard.usage.formats.otlp import logs as otlp_logs
from dashboard.usage.formats.otlp import protobuf as otlp_protobuf
from dashboard.usage.formats.otlp.metrics import OTLPMetrics
from dashboard.usage.formats.otlp.spans import is_inference
from dashboard.usage.formats.otlp.traces import OTLPTraces, SpanRecord, span_records
from dashboard.usage.records import CallRow

__all__ = ["SIGNALS", "Signal"]


class PushedTraces(OTLPTraces):
    """Spans that may be delivered again: what cannot be recognised then is refused."""

    def extract(self, record: SpanRecord) -> CallRow | None:
        span = record.span
        if is_inference(span) and not (span.trace and span.span):
            raise ValueError("no trace id or no span id: it could not be recognised if it came again")
        return super().extract(record)


_traces, _metrics = PushedTraces(), OTLPMetrics()
_object = msgspec.json.Decoder(dict[str, Any])


class Signal(NamedTuple):
    """One kind of telemetry: its format, and how its requests are read."""

    name: str
    format: DocumentFormat
    from_json: Callable[[bytes], Sequence[Any]]
    from_protobuf: Callable[[bytes], Sequence[Any]]

    def records(self, body: bytes, *, is_json: bool) -> Sequence[Any]:
        """What a request holds. Raises ValueError, in words without content, when it is none."""
        try:
            return self.from_json(body) if is_json else self.from_protobuf(body)
        except RECORD_ERRORS as problem:
            raise ValueError(f"not a request of {self.name}: {reject_reason(problem)}") from None


SIGNALS = {
    one.name: one
    for one in (
        Signal("traces", _traces, _traces.records, lambda body: span_records(otlp_protobuf.spans(body))),
        Signal(
            "metrics",
            _metrics,
            lambda body: list(_metrics.parts(_object.decode(body))),
            lambda body: list(_metrics.parts(otlp_protobuf.metrics(body))),
        ),
        Signal(
            "logs",
            _traces,
            lambda body: span_records(otlp_logs.spans(_object.decode(body))),
            lambda body: span_records(otlp_logs.spans(otlp_protobuf.logs(body))),
        ),
    )
}
