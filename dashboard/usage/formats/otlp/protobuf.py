"""Spans of an ExportTraceServiceRequest in protobuf: only the fields that are looked at.

Field numbers are those of opentelemetry-proto 1.x (trace/v1, resource/v1, common/v1), whose numbers never
change. Unknown fields are passed over, as the encoding asks.
"""

import struct
from collections.abc import Iterator

from dashboard.usage.formats.otlp.spans import WANTED, Attributes, Span, Value

__all__ = ["Field", "fields", "spans"]

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
FAILED = 2
EVENTS = 50

Field = tuple[int, int | bytes]


def spans(data: bytes) -> Iterator[tuple[Attributes, Span | Exception]]:
    """Each span of a request with its resource's attributes; a span at fault is its exception.

    Raises ValueError when the request itself is not protobuf.
    """
    for group in _messages(data, 1):
        parts = list(fields(group))
        resource = _attributes(b for n, b in parts if n == 1 and isinstance(b, bytes))
        for scope in (b for n, b in parts if n == 2 and isinstance(b, bytes)):
            for span in _messages(scope, 2):
                try:
                    yield resource, _span(span)
                except ValueError as problem:
                    yield resource, problem


def _span(data: bytes) -> Span:
    told: dict[int, int | bytes] = {}
    attributes: dict[str, Value] = {}
    message, failed, events = "", False, []
    for number, value in fields(data):
        if number == 9 and isinstance(value, bytes):
            attributes.update(_pair(value))
        elif number == 11 and isinstance(value, bytes):
            events.append(value)
        elif number == 15 and isinstance(value, bytes):
            status = dict(fields(value))
            failed, message = status.get(3) == FAILED, _text(status.get(2, b""))
        else:
            told[number] = value
    start = told.get(7, b"")
    if isinstance(start, bytes):
        raise ValueError("no start time")  # noqa: TRY004  what was sent is at fault, not who calls this
    if failed:
        said = (_pair(pair, "exception.") for event in events[:EVENTS] for pair in _messages(event, 3))
        message = " ".join([message, *(str(text)[:500] for pair in said for text in pair.values())])
    trace, span, parent = (_hex(told.get(number, b"")) for number in (1, 2, 4))
    return Span(trace, span, parent, start, attributes, failed, message if failed else "")


def _attributes(resources: Iterator[bytes]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for resource in resources:
        for pair in _messages(resource, 1):
            found.update(_pair(pair))
    return found


def _pair(data: bytes, wanted: str = "") -> dict[str, Value]:
    """A key and its value, if they are looked at: keys in WANTED, or those that start with `wanted`."""
    pair = dict(fields(data))
    key, value = _text(pair.get(1, b"")), pair.get(2, b"")
    if not (key.startswith(wanted) if wanted else key in WANTED) or not isinstance(value, bytes):
        return {}
    for number, told in fields(value):
        if number == 1:
            return {key: _text(told)}
        if number == 2 and isinstance(told, int):
            return {key: bool(told)}
        if number == 3 and isinstance(told, int):
            return {key: told - (1 << 64) if told >> 63 else told}
        if number == 4 and isinstance(told, int):
            return {key: struct.unpack("<d", told.to_bytes(8, "little"))[0]}
    return {}


def _messages(data: bytes, wanted: int) -> Iterator[bytes]:
    for number, value in fields(data):
        if number == wanted and isinstance(value, bytes):
            yield value


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message in order: (number, bytes or an unsigned number). Raises ValueError."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == LENGTH:
            size, at = _varint(data, at)
        elif kind in {FIXED64, FIXED32}:
            size = 8 if kind == FIXED64 else 4
        else:
            raise ValueError("not protobuf: an unknown kind of field")
        part, at = data[at : at + size], at + size
        if len(part) < size:
            raise ValueError("not protobuf: it ends inside of a field")
        yield number, part if kind == LENGTH else int.from_bytes(part, "little")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            raise ValueError("not protobuf: it ends inside of a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise ValueError("not protobuf: a number does not end")


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def _hex(value: int | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else ""
