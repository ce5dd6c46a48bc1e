"""Requests in protobuf say the same as in JSON, and no bytes break their readers."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.formats.documents import is_json
from dashboard.usage.formats.otlp.logs import EVENT
from dashboard.usage.formats.otlp.protobuf import spans
from dashboard.usage.formats.otlp.requests import SIGNALS
from dashboard.usage.formats.otlp.traces import OTLPTraces, span_records
from dashboard.usage.records import Batch, last_hour
from tests.usage.conftest import GOLDEN, NOW
from tests.usage.fakes.otlp_wire import encoded, field, varint

TRACES, METRICS = "otlp_traces.jsonl", "otlp_metrics.jsonl"


def requests(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / name).read_bytes().splitlines() if is_json(line)]


def whole(line: dict[str, Any]) -> bytes:
    """A request in protobuf; times that are no numbers are left out, as they cannot be written."""
    for group in line.get("resourceSpans", ()):
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                if not str(span["startTimeUnixNano"]).isdigit():
                    del span["startTimeUnixNano"]
    return encoded(line)


def test_the_golden_traces_add_up_alike_in_protobuf_and_in_json():
    data = (GOLDEN / "otlp_traces.jsonl").read_bytes()
    reader, plain, encoded = OTLPTraces(), Batch(last_hour(NOW)), Batch(last_hour(NOW))
    reader.decode(data, plain, 1, 0)
    for line in data.splitlines():
        reader.add(span_records(spans(whole(json.loads(line)))), encoded)
    assert encoded.totals == plain.totals
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
    OTLPTraces().add(span_records(spans(field(1, field(2, field(2, body))))), batch)
    [[calls, errors, gone, *_]] = batch.totals.values()
    assert (calls, errors, gone) == (1, 1, 1)


@pytest.mark.parametrize(
    "data", [b"\x0a\x05ab", b"\x0b", b"\x08" + b"\xff" * 12, b"\x09\x00"], ids=["cut", "group", "endless", "short"]
)
def test_what_is_no_protobuf_is_refused(data):
    with pytest.raises(ValueError, match="not protobuf"):
        list(spans(data))


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_any_bytes_are_read_or_refused(noise, place, byte):
    changed = bytearray(whole(requests(TRACES)[0]))
    changed[place % len(changed)] = byte
    for data in (noise, bytes(changed), bytes(changed) + noise):
        batch = Batch(last_hour(NOW))
        try:
            found = span_records(spans(data))
        except ValueError:
            continue
        OTLPTraces().add(found, batch)
        assert batch.accepted + batch.rejected + batch.duplicates + batch.skipped == len(found)


# Metrics and logs --------------------------------------------------------------------------------------------

AT = 1_704_362_400 * 10**9


def batch_of(signal: str, body: bytes, *, is_json: bool) -> Batch:
    batch, reader = Batch(last_hour(NOW)), SIGNALS[signal]
    reader.format.add(reader.records(body, is_json=is_json), batch)
    return batch


def told(batch: Batch) -> tuple:
    counts = batch.accepted, batch.rejected, batch.duplicates, batch.skipped
    return counts, batch.totals, batch.buckets, batch.new_hashes, [reject.reason for reject in batch.rejects]


def pairs(**attributes: Any) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    return [
        {"key": key.replace("__", "."), "value": {kinds[type(value)]: str(value) if type(value) is int else value}}
        for key, value in attributes.items()
    ]


def event(**fields: Any) -> dict[str, Any]:
    names = {
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": "gpt-4",
        "gen_ai__provider__name": "openai",
    }
    return {
        "timeUnixNano": str(AT), "eventName": EVENT, "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331", "attributes": pairs(**names, gen_ai__usage__input_tokens=12), **fields,
    }  # fmt: skip


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": pairs(service__name="shop", process__pid=7)}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]}


@pytest.mark.parametrize(("signal", "name"), [("traces", TRACES), ("metrics", METRICS)])
def test_the_golden_requests_say_the_same_in_both_encodings(signal, name):
    writable = [line for line in requests(name) if '"scopeMetrics": "no"' not in json.dumps(line)]
    for line in writable:
        body = json.dumps(line).encode()
        plain = batch_of(signal, body, is_json=True)
        both = batch_of(signal, whole(line), is_json=False)
        assert told(both)[:3] == told(plain)[:3]
        assert both.new_hashes == plain.new_hashes


def test_series_are_told_apart_alike_in_both_encodings():
    """Else a collector that is told to speak protobuf would count its running totals once more."""
    attributes = [
        *pairs(gen_ai__request__model="gpt-4", server__port=443, a=True, b=0.25, gen_ai__token__type="input"),
        {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
    ]
    times = {"startTimeUnixNano": str(AT), "timeUnixNano": str(AT + 10**9)}
    counted = {"attributes": attributes, **times, "count": "3", "sum": 12.0, "bucketCounts": ["1", "2"]}
    number = {"attributes": attributes, **times, "asInt": "12"}
    metrics = [
        {"name": name, kind: {"dataPoints": [point], "aggregationTemporality": temporality}}
        for name, kind, point, temporality in (
            ("gen_ai.client.operation.duration", "histogram", counted, 2),
            ("gen_ai.client.inference.duration", "exponentialHistogram", counted, 1),
            ("gen_ai.client.token.usage", "histogram", counted, 1),
            ("gen_ai.client.inference.usage.output_tokens", "sum", number, 2),
            ("http.server.duration", "histogram", counted, 2),
        )
    ]
    request = {"resourceMetrics": [{"resource": {"attributes": pairs(service__name="shop", pid=7)},
                                    "scopeMetrics": [{"scope": {"name": "x"}, "metrics": metrics}]}]}  # fmt: skip
    plain = batch_of("metrics", json.dumps(request).encode(), is_json=True)
    assert told(batch_of("metrics", encoded(request), is_json=False)) == told(plain)
    assert plain.accepted == 4


def test_an_event_of_a_whole_call_counts_and_what_was_said_does_not():
    said = event(eventName="gen_ai.choice", body={"stringValue": "hello"})
    older = event(eventName="", attributes=[*event()["attributes"], *pairs(event__name=EVENT)], spanId="01" * 8)
    agent = event(attributes=pairs(gen_ai__operation__name="invoke_agent"), spanId="02" * 8)
    failed = event(attributes=[*event()["attributes"], *pairs(error__type="404")], spanId="03" * 8)
    request = logs(event(), said, older, agent, failed, {"body": {"stringValue": "GET /"}})
    plain = batch_of("logs", json.dumps(request).encode(), is_json=True)
    assert told(batch_of("logs", encoded(request), is_json=False)) == told(plain)
    assert (plain.accepted, plain.rejected, plain.skipped) == (3, 0, 3)
    [((_, caller, called), measures)] = plain.totals.items()
    assert (caller.consumer, called) == ("shop", ("openai", "gpt-4", "/v1/chat/completions"))
    assert measures[:4] == [3, 1, 1, 36]


def test_an_event_and_the_span_of_the_same_call_count_once():
    batch = batch_of("logs", json.dumps(logs(event())).encode(), is_json=True)
    span = {k: v for k, v in event().items() if k in {"traceId", "spanId", "attributes"}} | {
        "startTimeUnixNano": str(AT)
    }
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    signal = SIGNALS["traces"]
    signal.format.add(signal.records(json.dumps(request).encode(), is_json=True), batch)
    assert (batch.accepted, batch.duplicates) == (1, 1)


def test_events_outside_of_traces_are_known_again_by_what_they_say():
    alone = event(traceId="", spanId="")
    other = event(traceId="", spanId="", timeUnixNano=str(AT + 1))
    batch = batch_of("logs", json.dumps(logs(alone, alone, other)).encode(), is_json=True)
    assert (batch.accepted, batch.duplicates) == (2, 1)
    assert told(batch_of("logs", encoded(logs(alone, alone, other)), is_json=False))[0] == (2, 0, 1, 0)


def test_spans_without_ids_are_refused_when_they_are_pushed():
    request = requests(TRACES)[0]
    for group in request["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for span in scope["spans"]:
                span["spanId"] = ""
    batch = batch_of("traces", json.dumps(request).encode(), is_json=True)
    assert batch.accepted == 0
    assert {reject.reason.partition(":")[0] for reject in batch.rejects} >= {"no trace id or no span id"}


@pytest.mark.parametrize("signal", list(SIGNALS))
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"resourceSpans": 1, "resourceMetrics": 1, "resourceLogs": 1}'])
def test_what_is_no_request_is_refused_as_a_whole(signal, body):
    with pytest.raises(ValueError, match=f"not a request of {signal}: "):
        SIGNALS[signal].records(body, is_json=True)


@pytest.mark.parametrize("signal", list(SIGNALS))
def test_nothing_is_a_request_too(signal):
    assert list(SIGNALS[signal].records(b"", is_json=False)) == []
    assert list(SIGNALS[signal].records(b"{}", is_json=True)) == []


@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 255))
def test_any_bytes_of_metrics_and_logs_are_read_or_refused(noise, place, byte):
    for signal, request in (("metrics", requests(METRICS)[0]), ("logs", logs(event(), event(traceId="")))):
        data = bytearray(encoded(request))
        data[place % len(data)] = byte
        for body in (noise, bytes(data), bytes(data) + noise):
            try:
                batch_of(signal, body, is_json=False)
            except ValueError:
                continue


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
LISTS = st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=3)
ANYTHING = SCALARS | LISTS | st.dictionaries(st.text(max_size=5), SCALARS | LISTS, max_size=3)


@given(st.data())
def test_any_json_in_any_place_is_read_or_refused(data):
    """Bytes from outside must never break more than what they belong to."""
    signal, request = data.draw(
        st.sampled_from([
            ("traces", requests(TRACES)[0]), ("metrics", requests(METRICS)[0]), ("logs", logs(event(), event())),
        ])
    )  # fmt: skip
    node: Any = request
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not (isinstance(node[key], dict | list) and node[key]) or data.draw(st.integers(0, 5)) == 0:
            break
        node = node[key]
    node[key] = data.draw(ANYTHING)
    try:
        batch_of(signal, json.dumps(request).encode(), is_json=True)
    except ValueError:
        return


def test_a_metric_of_another_name_is_skipped():
    points = field(9, field(1, field(4, 3)))
    request = field(1, field(2, field(2, field(1, "http.server.duration") + points)))
    assert told(batch_of("metrics", request, is_json=False)) == told(Batch(last_hour(NOW)))


def test_a_text_that_is_not_utf8_does_not_hide_its_span_or_the_others():
    model = field(9, field(1, "gen_ai.request.model") + field(2, field(1, b"gpt-4\xff")))
    system = field(9, field(1, "gen_ai.system") + field(2, field(1, "openai")))
    start = varint(7 << 3 | 1) + struct.pack("<Q", AT)
    ids = [field(1, bytes([number]) * 16) + field(2, bytes([number]) * 8) for number in (1, 2)]
    span = b"".join(field(2, each + model + system + start) for each in ids)
    batch = batch_of("traces", field(1, field(2, span)), is_json=False)
    assert (batch.accepted, batch.rejected) == (2, 0)
    assert {called.called_as for called in batch.names} == {"gpt-4\ufffd"}


def test_unknown_fields_are_ignored():
    body = whole(requests(TRACES)[0])
    more = field(999, b"from a later version") + varint(1000 << 3) + varint(7)
    assert told(batch_of("traces", body + more, is_json=False)) == told(batch_of("traces", body, is_json=False))


@pytest.mark.parametrize("depth", [150, 20_000])
def test_values_nested_too_deeply_are_refused(depth):
    value = field(1, "x")
    for _ in range(depth):
        value = field(5, field(1, value))
    request = field(1, field(1, field(1, field(1, "service.name") + field(2, value))))
    with pytest.raises(ValueError, match="not a request of traces"):
        batch_of("traces", request, is_json=False)
