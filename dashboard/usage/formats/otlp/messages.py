"""Metrics and logs of OTLP in protobuf, as the objects that the same request has in JSON.

Only fields that are looked at; numbers are those of opentelemetry-proto 1.x, which never change. A metric of
another name is left empty, as collectors send many. What an attribute holds beside plain values is kept as its
bytes, to tell series apart by.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any

from dashboard.usage.formats.otlp.metrics import NAMES
from dashboard.usage.formats.otlp.protobuf import fields

__all__ = ["logs", "metrics"]

Told = dict[str, Any]
Reader = Callable[[int | bytes], Any]
# Field number -> name in JSON, how its value is read, and whether there are many.
Shape = Mapping[int, tuple[str, Reader, bool]]


def _one(name: str, read: Reader) -> tuple[str, Reader, bool]:
    return name, read, False


def _many(name: str, read: Reader) -> tuple[str, Reader, bool]:
    return name, read, True


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _hex(value: int | bytes) -> str:
    return _bytes(value).hex()


def _opaque(value: int | bytes) -> Told:
    return {"bytes": _hex(value)}


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("not protobuf of this kind: bytes where a number belongs")  # noqa: TRY004
    return value


def _signed(value: int | bytes) -> str:
    """As text, as JSON has it: what tells series apart must be the same in both."""
    number = _number(value)
    return str(number - (1 << 64) if number >> 63 else number)


def _double(value: int | bytes) -> float:
    found: float = struct.unpack("<d", (_number(value) & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little"))[0]
    return found


def _bool(value: int | bytes) -> bool:
    return bool(_number(value))


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("not protobuf of this kind: a number where bytes belong")  # noqa: TRY004
    return value


def _message(shape: Shape) -> Reader:
    def read(value: int | bytes) -> Told:
        found: Told = {}
        for number, part in fields(_bytes(value)):
            if number not in shape:
                continue
            name, inner, many = shape[number]
            if many:
                found.setdefault(name, []).append(inner(part))
            else:
                found[name] = inner(part)
        return found

    return read


VALUE = {
    1: _one("stringValue", _text),
    2: _one("boolValue", _bool),
    3: _one("intValue", _signed),
    4: _one("doubleValue", _double),
    5: _one("arrayValue", _opaque),
    6: _one("kvlistValue", _opaque),
    7: _one("bytesValue", _opaque),
}
PAIR = {1: _one("key", _text), 2: _one("value", _message(VALUE))}
ATTRIBUTES = _many("attributes", _message(PAIR))
RESOURCE = _one("resource", _message({1: ATTRIBUTES}))
SCOPE = _one("scope", _message({1: _one("name", _text)}))
TIMES = {2: _one("startTimeUnixNano", _number), 3: _one("timeUnixNano", _number)}
COUNTED = {**TIMES, 4: _one("count", _number), 5: _one("sum", _double)}


def _points(attributes: int, shape: Shape) -> Reader:
    point = _message({**shape, attributes: ATTRIBUTES})
    return _message({1: _many("dataPoints", point), 2: _one("aggregationTemporality", _number)})


METRIC = {
    1: _one("name", _text),
    7: _one("sum", _points(7, {**TIMES, 4: _one("asDouble", _double), 6: _one("asInt", _signed)})),
    9: _one("histogram", _points(9, COUNTED)),
    10: _one("exponentialHistogram", _points(1, COUNTED)),
}
_whole_metric = _message(METRIC)


def _metric(value: int | bytes) -> Told:
    """Its name first: the others' points are not even looked at."""
    named = next((_text(part) for number, part in fields(_bytes(value)) if number == 1), "")
    return _whole_metric(value) if named in NAMES else {}


LOG = {
    1: _one("timeUnixNano", _number),
    6: ATTRIBUTES,
    9: _one("traceId", _hex),
    10: _one("spanId", _hex),
    11: _one("observedTimeUnixNano", _number),
    12: _one("eventName", _text),
}


def _request(what: str, scopes: str, items: str, item: Reader) -> Reader:
    scope = _message({1: SCOPE, 2: _many(items, item)})
    return _message({1: _many(what, _message({1: RESOURCE, 2: _many(scopes, scope)}))})


metrics = _request("resourceMetrics", "scopeMetrics", "metrics", _metric)
"""An ExportMetricsServiceRequest. Raises ValueError when it is none."""
logs = _request("resourceLogs", "scopeLogs", "logRecords", _message(LOG))
"""An ExportLogsServiceRequest. Raises ValueError when it is none."""
