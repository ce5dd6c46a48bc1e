"""OTLP requests in protobuf, made from what JSON says; after the .proto files, not after our reader."""

import struct
from typing import Any

__all__ = ["encoded", "field", "varint"]


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(number: int, value: bytes | str | int) -> bytes:
    """A field of the given number: a length-delimited one, or a varint."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fixed(number: int, value: int) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<Q", value & (1 << 64) - 1)


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


VALUE = {
    "stringValue": (1, "text"), "boolValue": (2, "int"), "intValue": (3, "int"), "doubleValue": (4, "double"),
    "arrayValue": (5, {"values": (1, "value")}),
}  # fmt: skip
PAIRS = {"key": (1, "text"), "value": (2, VALUE)}
RESOURCE = {"attributes": (1, PAIRS)}
SCOPE = {"name": (1, "text"), "version": (2, "text")}
TIMES = {"startTimeUnixNano": (2, "fixed"), "timeUnixNano": (3, "fixed")}
COUNTED = {**TIMES, "count": (4, "fixed"), "sum": (5, "double")}
HISTOGRAM = {
    "dataPoints": (1, {**COUNTED, "attributes": (9, PAIRS), "bucketCounts": (6, "packed")}),
    "aggregationTemporality": (2, "int"),
}
EXPONENTIAL = {"dataPoints": (1, {**COUNTED, "attributes": (1, PAIRS)}), "aggregationTemporality": (2, "int")}
NUMBERS = {**TIMES, "asDouble": (4, "double"), "asInt": (6, "fixed"), "attributes": (7, PAIRS)}
SUM = {"dataPoints": (1, NUMBERS), "aggregationTemporality": (2, "int"), "isMonotonic": (3, "int")}
METRIC = {
    "name": (1, "text"), "description": (2, "text"), "unit": (3, "text"),
    "gauge": (5, {"dataPoints": (1, NUMBERS)}), "sum": (7, SUM), "histogram": (9, HISTOGRAM),
    "exponentialHistogram": (10, EXPONENTIAL),
}  # fmt: skip
LOG = {
    "timeUnixNano": (1, "fixed"), "severityNumber": (2, "int"), "severityText": (3, "text"), "body": (5, VALUE),
    "attributes": (6, PAIRS), "traceId": (9, "hex"), "spanId": (10, "hex"), "observedTimeUnixNano": (11, "fixed"),
    "eventName": (12, "text"),
}  # fmt: skip
SPAN = {
    "traceId": (1, "hex"), "spanId": (2, "hex"), "parentSpanId": (4, "hex"), "name": (5, "text"),
    "kind": (6, "int"), "startTimeUnixNano": (7, "fixed"), "endTimeUnixNano": (8, "fixed"),
    "attributes": (9, PAIRS),
    "events": (11, {"timeUnixNano": (1, "fixed"), "name": (2, "text"), "attributes": (3, PAIRS)}),
    "status": (15, {"message": (2, "text"), "code": (3, "int")}),
}  # fmt: skip
REQUEST = {
    f"resource{what}": (
        1,
        {"resource": (1, RESOURCE), f"scope{what}": (2, {"scope": (1, SCOPE), items: (2, shape)})},
    )
    for what, items, shape in (
        ("Spans", "spans", SPAN),
        ("Metrics", "metrics", METRIC),
        ("Logs", "logRecords", LOG),
    )
}


def encoded(told: dict[str, Any], shape: dict[str, Any] = REQUEST) -> bytes:
    """A request, or a part of one."""
    return b"".join(
        _field(*shape[name], each)
        for name, value in told.items()
        if name in shape and value is not None
        for each in (value if isinstance(value, list) and shape[name][1] != "packed" else [value])
    )


def _field(number: int, kind: Any, value: Any) -> bytes:
    if isinstance(kind, dict):
        return field(number, encoded(value, kind))
    return {
        "text": lambda: field(number, value),
        "int": lambda: field(number, int(value)),
        "fixed": lambda: fixed(number, int(value)),
        "double": lambda: double(number, value),
        "hex": lambda: field(number, bytes.fromhex(value)),
        "value": lambda: field(number, encoded(value, VALUE)),
        "packed": lambda: field(number, b"".join(struct.pack("<Q", int(each)) for each in value)),
    }[kind]()
