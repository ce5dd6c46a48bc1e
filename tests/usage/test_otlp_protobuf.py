"""Traces in protobuf say the same as in JSON, and no bytes break their reader."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.formats.otlp_protobuf import spans
from dashboard.usage.formats.otlp_traces import OTLPTraces, together
from dashboard.usage.records import Batch, last_hour
from tests.usage.conftest import GOLDEN, NOW


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


def attribute(pair: dict[str, Any]) -> bytes:
    [(kind, value)] = pair["value"].items()
    told = {
        "stringValue": lambda: field(1, value),
        "boolValue": lambda: field(2, int(value)),
        "intValue": lambda: field(3, int(value)),
        "doubleValue": lambda: varint(4 << 3 | 1) + struct.pack("<d", value),
    }[kind]()
    return field(1, pair["key"]) + field(2, told)


def span(line: dict[str, Any]) -> bytes:
    start = line["startTimeUnixNano"]
    found = (
        field(1, bytes.fromhex(line["traceId"])) + field(2, bytes.fromhex(line["spanId"])) + field(5, line["name"])
    )
    if line["parentSpanId"]:
        found += field(4, bytes.fromhex(line["parentSpanId"]))
    if start.isdigit():
        found += varint(7 << 3 | 1) + struct.pack("<Q", int(start))
    found += b"".join(field(9, attribute(pair)) for pair in line["attributes"])
    return found + field(15, field(2, line["status"].get("message", "")) + field(3, line["status"].get("code", 0)))


def request(line: dict[str, Any]) -> bytes:
    found = b""
    for group in line.get("resourceSpans", ()):
        resource = b"".join(field(1, attribute(pair)) for pair in group["resource"]["attributes"])
        scopes = b"".join(
            field(2, b"".join(field(2, span(each)) for each in scope["spans"])) for scope in group["scopeSpans"]
        )
        found += field(1, field(1, resource) + scopes)
    return found


def test_the_golden_traces_add_up_alike_in_protobuf_and_in_json():
    data = (GOLDEN / "otlp_traces.jsonl").read_bytes()
    reader, plain, encoded = OTLPTraces(), Batch(last_hour(NOW)), Batch(last_hour(NOW))
    reader.decode(data, plain, 1, 0)
    for line in data.splitlines():
        reader.add(together(spans(request(json.loads(line)))), encoded)
    assert encoded.sums == plain.sums
    assert (encoded.accepted, encoded.rejected, encoded.duplicates) == (
        plain.accepted,
        plain.rejected,
        plain.duplicates,
    )


def test_a_failed_span_tells_by_its_exception_that_the_model_is_gone():
    said = field(1, "exception.message") + field(2, field(1, "The model `ada` has been deprecated"))
    told = [("gen_ai.operation.name", "completion"), ("gen_ai.request.model", "ada"), ("gen_ai.system", "openai")]
    body = b"".join(field(9, field(1, key) + field(2, field(1, value))) for key, value in told)
    body += (
        varint(7 << 3 | 1)
        + struct.pack("<Q", 1_704_362_400 * 10**9)
        + field(11, field(3, said))
        + field(15, field(3, 2))
    )
    batch = Batch(last_hour(NOW))
    OTLPTraces().add(together(spans(field(1, field(2, field(2, body))))), batch)
    [[calls, errors, gone, *_]] = batch.sums.values()
    assert (calls, errors, gone) == (1, 1, 1)


@pytest.mark.parametrize(
    "data", [b"\x0a\x05ab", b"\x0b", b"\x08" + b"\xff" * 12, b"\x09\x00"], ids=["cut", "group", "endless", "short"]
)
def test_what_is_no_protobuf_is_refused(data):
    with pytest.raises(ValueError, match="not protobuf"):
        list(spans(data))


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_read_or_refused(noise, place, byte):
    whole = bytearray(request(json.loads((GOLDEN / "otlp_traces.jsonl").read_bytes().splitlines()[0])))
    whole[place % len(whole)] = byte
    for data in (noise, bytes(whole), bytes(whole) + noise):
        batch = Batch(last_hour(NOW))
        try:
            found = together(spans(data))
        except ValueError:
            continue
        OTLPTraces().add(found, batch)
        assert batch.accepted + batch.rejected + batch.duplicates + batch.skipped == len(found)
