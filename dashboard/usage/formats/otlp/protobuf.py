"""Requests of OTLP in protobuf, decoded with opentelemetry-proto's message definitions.

Spans become `Span`s. Metrics and logs become the objects that the same request has in JSON, so that one set of
rules reads both. In the definitions strings are declared as bytes and decoded here: protobuf refuses a whole
message for one string that is not UTF-8, and writers in Go send such. The library ignores unknown fields and
refuses messages nested more than a hundred deep. An attribute's value that is not plain is kept as its serialized
bytes, only to tell series apart.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from dashboard.usage.formats.otlp.metrics import NAMES
from dashboard.usage.formats.otlp.spans import WANTED, Attributes, Span, Value

__all__ = ["logs", "metrics", "spans"]

FAILED = 2  # STATUS_CODE_ERROR
EVENTS = 50  # of a failed span, looked at for exceptions
FILES = (
    "common.v1.common",
    "resource.v1.resource",
    "trace.v1.trace",
    "metrics.v1.metrics",
    "logs.v1.logs",
    "collector.trace.v1.trace_service",
    "collector.metrics.v1.metrics_service",
    "collector.logs.v1.logs_service",
)
PLAIN = {"string_value": "stringValue", "bool_value": "boolValue", "double_value": "doubleValue"}
OPAQUE = {"array_value": "arrayValue", "kvlist_value": "kvlistValue", "bytes_value": "bytesValue"}
KINDS = {"sum": "sum", "histogram": "histogram", "exponential_histogram": "exponentialHistogram"}

_wanted = {name.encode(): name for name in WANTED}
_metric_names = {name.encode() for name in NAMES}

JSONObject = dict[str, Any]


def spans(data: bytes) -> Iterator[tuple[Attributes, Span | Exception]]:
    """Each span of an ExportTraceServiceRequest with its resource's attributes; a span at fault is its exception.

    Raises ValueError when the request itself is not protobuf.
    """
    for group in _decode("trace", data).resource_spans:
        resource = _wanted_attributes(group.resource.attributes)
        for scope in group.scope_spans:
            for span in scope.spans:
                yield resource, _span(span)


def metrics(data: bytes) -> JSONObject:
    """An ExportMetricsServiceRequest as JSON has it; a metric of another name is empty. Raises ValueError."""
    request = _decode("metrics", data)
    groups = [
        {
            "resource": {"attributes": _pairs(group.resource.attributes)},
            "scopeMetrics": [
                {
                    "scope": {"name": _text(scope.scope.name)} if scope.scope.name else {},
                    "metrics": [_metric(each) for each in scope.metrics],
                }
                for scope in group.scope_metrics
            ],
        }
        for group in request.resource_metrics
    ]
    return {"resourceMetrics": groups} if groups else {}


def logs(data: bytes) -> JSONObject:
    """An ExportLogsServiceRequest as JSON has it. Raises ValueError."""
    request = _decode("logs", data)
    groups = [
        {
            "resource": {"attributes": _pairs(group.resource.attributes)},
            "scopeLogs": [
                {"logRecords": [_log(each) for each in scope.log_records]} for scope in group.scope_logs
            ],
        }
        for group in request.resource_logs
    ]
    return {"resourceLogs": groups} if groups else {}


@cache
def _request_class(signal: str) -> Callable[[], Any]:
    """The class of a signal's request. Loaded on first use: importing protobuf takes a third of a second."""
    from importlib import import_module

    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    pool = descriptor_pool.DescriptorPool()
    for file in FILES:
        definition = descriptor_pb2.FileDescriptorProto()
        module = import_module(f"opentelemetry.proto.{file}_pb2")
        definition.ParseFromString(module.DESCRIPTOR.serialized_pb)
        for message in _messages(definition.message_type):
            for field in message.field:
                if field.type == field.TYPE_STRING:
                    field.type = field.TYPE_BYTES
        pool.Add(definition)
    name = f"opentelemetry.proto.collector.{signal}.v1.Export{signal.title()}ServiceRequest"
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def _messages(declared: Iterable[Any]) -> Iterator[Any]:
    for message in declared:
        yield message
        yield from _messages(message.nested_type)


def _decode(signal: str, data: bytes) -> Any:
    from google.protobuf.message import DecodeError

    request = _request_class(signal)()
    try:
        request.ParseFromString(data)
    except DecodeError:
        raise ValueError("not protobuf of this kind") from None
    return request


def _span(span: Any) -> Span | Exception:
    if not span.start_time_unix_nano:
        return ValueError("no start time")
    failed, message = span.status.code == FAILED, ""
    if failed:
        message = " ".join([_text(span.status.message), *_exceptions(span.events[:EVENTS])])
    return Span(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        _wanted_attributes(span.attributes),
        failed,
        message,
    )


def _wanted_attributes(pairs: Iterable[Any]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for pair in pairs:
        name = _wanted.get(pair.key)
        if name is not None:
            value = pair.value
            kind = value.WhichOneof("value")
            if kind == "string_value":
                found[name] = _text(value.string_value)
            elif kind == "int_value" or kind in PLAIN:
                found[name] = getattr(value, kind)
    return found


def _exceptions(events: Iterable[Any]) -> Iterator[str]:
    """The types and messages of exceptions, cut: only to see what went wrong, never kept."""
    for event in events:
        for pair in event.attributes:
            if pair.key.startswith(b"exception."):
                yield _text(pair.value.string_value)[:500]


def _pairs(pairs: Iterable[Any]) -> list[JSONObject]:
    return [
        {"key": _text(pair.key), **({"value": _value(pair.value)} if pair.HasField("value") else {})}
        for pair in pairs
    ]


def _value(value: Any) -> JSONObject:
    """A value as JSON has it: integers as text, so that a series has one identity in both encodings."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return {"stringValue": _text(value.string_value)}
    if kind == "int_value":
        return {"intValue": str(value.int_value)}
    if kind in PLAIN:
        return {PLAIN[kind]: getattr(value, kind)}
    if kind in OPAQUE:
        return {OPAQUE[kind]: {"bytes": value.SerializeToString(deterministic=True).hex()}}
    return {}


def _metric(metric: Any) -> JSONObject:
    kind = metric.WhichOneof("data")
    if metric.name not in _metric_names or kind not in KINDS:
        return {}
    data = getattr(metric, kind)
    points = [_point(point, is_number=kind == "sum") for point in data.data_points]
    body = {"dataPoints": points, "aggregationTemporality": data.aggregation_temporality}
    return {"name": _text(metric.name), KINDS[kind]: body}


def _point(point: Any, *, is_number: bool) -> JSONObject:
    found: JSONObject = {"attributes": _pairs(point.attributes), "timeUnixNano": point.time_unix_nano}
    if point.start_time_unix_nano:
        found["startTimeUnixNano"] = point.start_time_unix_nano
    if not is_number:
        found["count"] = point.count
        if point.HasField("sum"):
            found["sum"] = point.sum
    elif point.WhichOneof("value") == "as_int":
        found["asInt"] = str(point.as_int)
    elif point.WhichOneof("value") == "as_double":
        found["asDouble"] = point.as_double
    return found


def _log(record: Any) -> JSONObject:
    return {
        "timeUnixNano": record.time_unix_nano,
        "observedTimeUnixNano": record.observed_time_unix_nano,
        "traceId": record.trace_id.hex(),
        "spanId": record.span_id.hex(),
        "eventName": _text(record.event_name),
        "attributes": _pairs(record.attributes),
    }


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
