"""Formats of clouds, traces and gateways: golden samples, pages of every layout, and junk."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, head_records, is_document
from dashboard.usage.formats.otlp import spans as otlp_spans
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch, last_hour
from tests.usage.conftest import GOLDEN, NOW

# name -> format; accepted, rejected, duplicates, skipped
SAMPLES = {
    "azure_diagnostics.jsonl": ("azure-diagnostics", 6, 1, 1, 2),
    "bedrock_invocations.jsonl": ("bedrock-invocations", 5, 1, 1, 1),
    "cloudtrail_bedrock.json": ("cloudtrail-bedrock", 3, 0, 1, 2),
    "cloudtrail_events.jsonl": ("cloudtrail-bedrock", 3, 0, 1, 2),
    "vertex_request_response.jsonl": ("vertex-request-response", 3, 0, 1, 1),
    "gcp_audit_vertex.json": ("gcp-audit-vertex", 4, 0, 1, 3),
    "otlp_traces.jsonl": ("otlp-traces", 7, 1, 1, 6),
    "langfuse_observations.json": ("langfuse-observations", 3, 1, 1, 2),
    "langfuse_blob.jsonl": ("langfuse-blob", 3, 0, 2, 1),
    "helicone_requests.jsonl": ("helicone", 5, 0, 1, 1),
    "portkey_logs.jsonl": ("portkey", 4, 1, 1, 0),
    "cloudflare_ai_gateway.json": ("cloudflare-ai-gateway", 5, 1, 1, 0),
    "cloudflare_logpush.jsonl": ("cloudflare-ai-gateway", 3, 0, 0, 0),
    "kong_ai_proxy.jsonl": ("kong-ai-proxy", 6, 0, 1, 1),
    "envoy_ai_gateway.jsonl": ("envoy-ai-gateway", 6, 0, 1, 1),
}
PAGED = [name for name in SAMPLES if name != "otlp_traces.jsonl"]
DOCUMENTS = sorted({name for name, known in FORMATS.items() if isinstance(known, DocumentFormat)})
# Formats whose records never hold more than one call.
SINGLE = [name for name in DOCUMENTS if name not in {"otlp-traces", "kong-ai-proxy"}]


def read(format_name: str, data: bytes) -> Batch:
    """As ingest reads it: whole if it is a document over many lines, else by lines."""
    batch = Batch(last_hour(NOW))
    known = FORMATS[format_name]
    assert isinstance(known, DocumentFormat)
    if is_document(data):
        known.decode_document(data, batch, 1, 0)
    else:
        known.decode(data, batch, 1, 0)
    return batch


def accumulators(batch: Batch) -> tuple[int, int, int, int]:
    return batch.accepted, batch.rejected, batch.duplicates, batch.skipped


def records(name: str) -> list[dict[str, Any]]:
    """The records of a sample, whatever its layout."""
    data = (GOLDEN / name).read_bytes()
    return head_records(data) or [json.loads(line) for line in data.splitlines()]


def as_lines(found: list) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in found)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_adds_up_to_its_golden_sums(name):
    format_name, *expected = SAMPLES[name]
    batch = read(format_name, (GOLDEN / name).read_bytes())
    assert accumulators(batch) == tuple(expected)
    rows = [
        [f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}", caller.consumer, *called, *map(_text, sums)]
        for (hour, caller, called), sums in batch.totals.items()
    ]
    with (GOLDEN / name).with_suffix(".csv").open(newline="") as handle:
        assert sorted(_joined(rows)) == sorted(list(csv.reader(handle))[1:])


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def _joined(rows: list[list[str]]) -> list[list[str]]:
    """Golden sums are by consumer; identities that differ in team or tags alone are added up."""
    sums: dict[tuple, list[str]] = {}
    for row in rows:
        key, measures = tuple(row[:5]), row[5:]
        known = sums.setdefault(key, [""] * len(measures))
        sums[key] = [
            _text(int(a or 0) + int(b or 0)) if a or b else "" for a, b in zip(known, measures, strict=True)
        ]
    return [[*key, *measures] for key, measures in sums.items()]


@pytest.mark.parametrize("name", SAMPLES)
def test_auto_tells_a_sample_from_all_other_formats(name):
    data = (GOLDEN / name).read_bytes()
    assert detect(data[: 64 << 10]).format == SAMPLES[name][0]


@pytest.mark.parametrize("name", PAGED)
@pytest.mark.parametrize("wrap", [None, "Records", "data", "result"])
@pytest.mark.parametrize("indent", [None, 2])
def test_records_add_up_alike_as_lines_as_an_array_and_as_a_page_of_any_layout(name, wrap, indent):
    format_name, found = SAMPLES[name][0], records(name)
    page = json.dumps({"success": True, "next": {}, wrap: found} if wrap else found, indent=indent).encode()
    assert detect(page[: 64 << 10]).format == format_name
    lines, paged = read(format_name, as_lines(found)), read(format_name, page)
    assert (accumulators(paged), paged.totals) == (accumulators(lines), lines.totals)
    one_per_line = read(format_name, page.replace(b"\n", b" ") + b"\n")
    assert (accumulators(one_per_line), one_per_line.totals) == (accumulators(lines), lines.totals)


def test_a_rejected_record_of_a_page_is_told_by_its_index_and_its_offset():
    data = (GOLDEN / "cloudflare_ai_gateway.json").read_bytes()
    batch = read("cloudflare-ai-gateway", data)
    [reject] = batch.rejects
    assert (reject.line, reject.reason) == (7, "no time")
    assert data[reject.offset :].startswith(b'{\n      "id": "01F"')
    assert batch.lines == 7


def test_a_rejected_record_on_a_line_of_many_is_told_by_its_line():
    [reject] = read("otlp-traces", (GOLDEN / "otlp_traces.jsonl").read_bytes()).rejects
    assert (reject.line, reject.reason) == (2, "startTimeUnixNano is not a number")


@pytest.mark.parametrize("name", PAGED)
def test_an_empty_page_holds_nothing(name):
    format_name = SAMPLES[name][0]
    for page in (b"[]\n", b'{"data": []}\n', b'{\n "result": []\n}\n'):
        batch = Batch(last_hour(NOW))
        known = FORMATS[format_name]
        assert isinstance(known, DocumentFormat)
        known.decode_document(page, batch, 1, 0)
        assert (accumulators(batch), batch.totals) == ((0, 0, 0, 1), {})


@pytest.mark.parametrize(
    ("head", "whole"),
    [
        (b'{"result": [\n {"id": 1},', True),
        (b'[\n  {"id": 1}\n]', True),
        (b'{"success": true, "data": [{"id": 1}, {"id', True),
        (b'{"id": 1}\n{"id": 2}\n', False),
        (b'{"data": [{"id": 1}]}\n{"data": []}\n', False),
        (b'{"id": 1, "na\n{"id": 2}\n', False),
        (b'me": "x"}\n{"id": 2}\n', False),
        (b"[27/Dec/2023] no JSON\n", False),
        (b"", False),
        (b"[" * 70_000, False),
    ],
)
def test_one_document_over_many_lines_is_told_from_lines(head, whole):
    assert is_document(head) is whole


def test_events_that_amazons_command_line_prints_as_text_are_read():
    found, calls = records("cloudtrail_bedrock.json"), records("bedrock_invocations.jsonl")
    trail = {"Events": [{"EventId": each["eventID"], "CloudTrailEvent": json.dumps(each)} for each in found]}
    logs = {"events": [{"timestamp": 1703800801000, "message": json.dumps(each)} for each in calls]}
    for name, page, plain in (("cloudtrail-bedrock", trail, found), ("bedrock-invocations", logs, calls)):
        printed = json.dumps(page, indent=4).encode()
        assert detect(printed).format == name
        events, expected = read(name, printed), read(name, as_lines(plain))
        assert (accumulators(events), events.totals) == (accumulators(expected), expected.totals)


def test_callers_are_known_by_what_each_log_tells():
    def callers(name: str) -> set[tuple[str, str, str, str, str]]:
        format_name = SAMPLES[name][0]
        sums = read(format_name, (GOLDEN / name).read_bytes()).totals
        return {(c.consumer, c.team, c.key_alias, c.tags, c.service) for _, c, _ in sums}

    assert ("nordwind-eus", "", "", "deployment:pilot", "nordwind-eus") in callers("azure_diagnostics.jsonl")
    assert ("search", "search", "ranker", "environment:prod", "") in callers("bedrock_invocations.jsonl")
    assert ("labs", "labs", "", "", "") in callers("otlp_traces.jsonl")
    assert ("nordwind-prod", "", "nordwind-prod", "beta,environment:production", "answer") in callers(
        "langfuse_observations.json"
    )
    agents = {
        c.user_agent for _, c, _ in read("cloudtrail-bedrock", as_lines(records("cloudtrail_bedrock.json"))).totals
    }
    assert agents == {"Boto3/1.34"}


def span(number: int, parent: int = 0, **told: str) -> otlp_spans.Span:
    names = {name.replace("__", "."): value for name, value in told.items()}
    return otlp_spans.Span("t", f"{number}", f"{parent}" if parent else "", 1_704_362_400 * 10**9, names)


def test_of_nested_calls_the_innermost_counts_unless_their_answers_differ():
    chat = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-4"}
    same = [span(1, **chat), span(2, 1), span(3, 2, **chat, gen_ai__response__id="a")]
    assert otlp_spans.repeated_outer_spans(same) == {("t", "1")}
    other = [span(1, **chat, gen_ai__response__id="b"), span(3, 1, **chat, gen_ai__response__id="a")]
    assert otlp_spans.repeated_outer_spans(other) == set()


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8), st.booleans()), max_size=20))
def test_spans_whose_parents_go_in_circles_end(edges):
    chat = {"gen_ai__operation__name": "chat"}
    spans = [span(number, parent, **(chat if is_call else {})) for number, parent, is_call in edges]
    assert otlp_spans.repeated_outer_spans(spans) <= {(s.trace, s.span) for s in spans}


def test_a_span_that_is_sent_again_in_another_batch_with_its_outer_call_counts_once():
    inner = '{"key": "gen_ai.response.id", "value": {"stringValue": "r"}}'
    call = '{"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}'
    text = (
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "AA", "spanId": "%s", '
        '"startTimeUnixNano": 1704362400000000000, "attributes": [' + inner + "," + call + "]}]}]}]}\n"
    )
    batch = read("otlp-traces", (text % "01" + text % "02").encode())
    assert accumulators(batch) == (1, 0, 1, 0)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(DOCUMENTS), st.binary(max_size=300))
def test_no_bytes_break_a_format_and_each_line_is_accounted_for(name, data):
    batch = Batch(last_hour(NOW))
    FORMATS[name].decode(data, batch, 1, 0)
    # An array on a line may hold any number of records.
    assert sum(accumulators(batch)) >= batch.lines
    assert sum(accumulators(batch)) == batch.lines or b"[" in data
    whole = Batch(last_hour(NOW))
    FORMATS[name].decode_document(data, whole, 1, 0)  # type: ignore[attr-defined]
    assert sum(accumulators(whole)) == whole.lines >= 1


@given(st.data())
def test_a_record_with_any_field_replaced_is_accounted_for_and_breaks_nothing(data):
    name = data.draw(st.sampled_from([n for n in PAGED if SAMPLES[n][0] in SINGLE]))
    found = records(name)
    for record in data.draw(st.lists(st.sampled_from(found), max_size=3)):
        at = record
        while True:
            key = data.draw(st.sampled_from(sorted(at)))
            if not (isinstance(at[key], dict) and at[key] and data.draw(st.booleans())):
                break
            at = at[key]
        at[key] = data.draw(json_values)
    for layout in (as_lines(found), json.dumps(found, indent=1).encode()):
        batch = read(SAMPLES[name][0], layout)
        assert sum(accumulators(batch)) == len(found)
        assert all(value is None or value >= 0 for sums in batch.totals.values() for value in sums)


@given(st.data())
def test_any_value_in_a_trace_or_in_kongs_log_breaks_nothing(data):
    name = data.draw(st.sampled_from(["otlp_traces.jsonl", "kong_ai_proxy.jsonl"]))
    found = records(name)
    at: Any = data.draw(st.sampled_from(found))
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    at[key] = data.draw(json_values)
    batch = read(SAMPLES[name][0], as_lines(found))
    assert sum(accumulators(batch)) >= len(found)
    assert batch.accepted >= 1


def test_the_handbook_has_a_line_for_every_format():
    pages = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    assert [name for name in FORMATS if f"\n| `{name}` |" not in pages] == []


def test_nothing_that_was_said_and_no_key_gets_into_what_is_kept():
    secret = "sk-proj-AbCdEfGh12345678"
    line = {
        "id": "x",
        "created_at": "2024-01-04T09:00:00Z",
        "ai_org": "openai",
        "ai_model": "gpt-4",
        "virtual_key": secret,
        "metadata": {"app": secret, "note": "the prompt"},
        "request": {"body": {"messages": ["the prompt"]}},
    }
    batch = read("portkey", as_lines([line, line | {"created_at": "the prompt"}]))
    kept = repr((batch.totals, batch.rejects))
    assert accumulators(batch) == (1, 1, 0, 0)
    assert "prompt" not in kept
    assert "AbCdEfGh" not in kept
