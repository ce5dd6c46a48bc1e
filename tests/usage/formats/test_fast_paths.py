"""The short way of a format comes to what the careful way comes to, whatever the lines and their pieces."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.usage.accumulator import Accumulator
from dashboard.usage.formats.access_logs.format import AccessLog
from dashboard.usage.formats.csv.format import CSVFormat
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.formats.litellm.standard_logging import LiteLLMStandardLogging
from dashboard.usage.formats.otlp.traces import OTLPTraces
from dashboard.usage.hash_set import HashSet, sort_hashes
from dashboard.usage.records import CallEvidence, id_hash
from tests.thorough import examples
from tests.usage.fakes import otlp_lines

AT = 1_704_359_000
LAST_HOUR = AT // 3600 + 48


def call(number: int = 1, **fields) -> bytes:
    record = {
        "id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "status": "success",
        "custom_llm_provider": "openai",
        "startTime": AT + number * 0.4,
        "model": "gpt-4",
        "metadata": {"user_api_key_alias": "search"},
        "prompt_tokens": number,
        "completion_tokens": 1,
        "response_cost": 0.000_001_5 * number,
    }
    return json.dumps(record | fields).encode()


odd_values = st.sampled_from(
    [
        {},
        {"status": "failure", "error_str": "model_not_found", "litellm_call_id": "c-1"},
        {"custom_llm_provider": "azure", "response": {"model": "gpt-4-0613"}},
        {"call_type": "aretrieve_file"},
        {"call_type": "embedding"},
        {"id": None},
        {"id": ""},
        {"startTime": "2024-01-04T09:00:00Z"},
        {"startTime": AT - 7200.5},
        {"startTime": 5.0},
        {"startTime": 9e9},
        {"startTime": 1e18},
        {"prompt_tokens": "12"},
        {"prompt_tokens": -1},
        {"prompt_tokens": 1e13},
        {"prompt_tokens": None, "completion_tokens": None, "response_cost": None},
        {"response_cost": -0.5},
        {"response_cost": 2e6},
        {"request_tags": ["b", "a", "User-Agent: x"]},
        {"request_tags": '["a"]'},
        {"request_tags": {"a": 1}},
        {"metadata": None},
        {"metadata": '{"user_api_key_alias": "search"}'},
        {"metadata": {"user_api_key_alias": "litellm-internal-health-check"}},
        {"metadata": {"user_api_key_team_id": "t", "internal_call_origin": "router"}},
        {"metadata": {"user_api_key_alias": "search", "user_api_key_team_id": "t"}},
        {"user_agent": "curl \u202e"},
        {"model": None},
        {"model": "unknown-model"},
        {"model": "\ud800"},
    ]
)
numbers = st.integers(0, 12)
calls = st.builds(call, numbers)
odd_calls = st.builds(lambda number, fields: call(number, **fields), numbers, odd_values)
broken_calls = st.sampled_from(
    [
        b"",
        b"  ",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"id": "x\x00"}',
        b"[" * 3000,
        call(3) * 2,
        call(4) + b"\r",
    ]
)


def request(
    user: str = "app-1",
    at: str = "04/Jan/2024:09:03:20 +0000",
    line: str = "POST /openai/deployments/gpt4/chat/completions HTTP/1.1",
    answer: str = "200 512",
    rest: str = ' "-" "OpenAI/Python 1.3.7"',
) -> bytes:
    return f'10.0.0.1 - {user} [{at}] "{line}" {answer}{rest}'.encode()


requests = st.builds(
    request,
    user=st.sampled_from(["-", "app-1", "two words"]),
    at=st.sampled_from([f"04/Jan/2024:{time}" for time in ("09:03:20 +0000", "09:03:21 +0000", "14:34:00 +0530")]),
    answer=st.sampled_from(["200 512", "404 -", "429 0"]),
)
odd_requests = st.one_of(
    *(
        st.builds(request, **{part: st.sampled_from(values)})
        for part, values in {
            "user": ["", " ", 'a"b', "a  b", "[x]", "é"],
            "at": [
                *("04/Jan/2024:09:03:60 +0000", "04/Foo/2024:09:03:20 +0000", "04/Jan/2024:29:03:20 +0000"),
                *("04/Jan/2014:09:03:20 +0000", "04/Jan/2034:09:03:20 +0000", "4/Jan/2024:09:03:20 +0000"),
                *("04/Jan/2024:09:03:20 0000", "04/Jan/2024:09:03:2x +0000", ""),
            ],
            "line": [
                *("GET /v1/models HTTP/1.1", "POST /v1/edits HTTP/1.0", "POST /", "-", "", "\\x16\\x03"),
                *(
                    "POST /v1/completions?x=%22 HTTP/2.0",
                    'POST /v1/edits "x" HTTP/1.1',
                    "POST /v1/\\'edits HTTP/1.1",
                ),
            ],
            "answer": ["200", "200 ", "20 5", "2000 5", "200 x", "200 -5", "999 1", "000 1", "200 5 "],
            "rest": [
                *("", " ", ' "-"', ' "-"  "x"', ' "-" "x" 0.123', ' "-" "x"0.1', ' "-" "x" "y"', ' "a\\"b" "x"'),
                *(' "-" "x"\r', ' "-" "x" \t', ' "-" ""'),
            ],
        }.items()
    )
)
broken_requests = st.sampled_from([b"", b" ", b'"' * 6, b"\xff\xfe", b"{}", request() * 2])


def logs(usual, odd, broken):
    """Mostly usual lines: otherwise the short way is left at once."""
    return st.lists(st.one_of(usual, usual, usual, usual, odd, broken), max_size=30)


def row(number: int = 1, **cells) -> bytes:
    record = {
        "ts": f"2024-01-04T09:03:{number:02}",
        "application": "shop",
        "model": "gpt-4",
        "errors": "",
        "input_tokens": str(number),
        "cost": "0.0015",
        "id": f"c-{number}",
    }
    return ",".join((record | cells).values()).encode()


rows = st.builds(row, numbers)
odd_cells = st.sampled_from(
    [
        {"ts": " 2024-01-04T09:03:20Z"},
        {"ts": "2024-01-04"},
        {"ts": "1704359000"},
        {"ts": "1704359000123"},
        {"ts": "-5"},
        {"ts": ""},
        {"ts": "2014-01-04"},
        {"application": " shop "},
        {"application": "é"},
        {"application": '"a,b"'},
        {"model": ""},
        {"errors": "1"},
        {"errors": "-1"},
        {"input_tokens": ""},
        {"input_tokens": " 7"},
        {"input_tokens": "7.0"},
        {"input_tokens": "7.5"},
        {"input_tokens": "1_0"},
        {"input_tokens": "9" * 14},
        {"cost": ""},
        {"cost": " "},
        {"cost": "nan"},
        {"cost": "1e-7"},
        {"cost": "-1"},
        {"id": ""},
        {"id": " c-3 "},
        {"id": "a,b"},
    ]
)
odd_rows = st.builds(lambda number, cells: row(number, **cells), numbers, odd_cells)
broken_rows = st.sampled_from([b"", b" ", b",", b"\xff", b'"', row(3) + b"\r", row(4) + b"," + row(5)])
CSV = CSVFormat().for_file(b"ts,application,model,errors,input_tokens,cost,id\n", {})
assert isinstance(CSV, FastPathFormat)


CASES = {
    "litellm": (LiteLLMStandardLogging(), logs(calls, odd_calls, broken_calls)),
    "csv": (CSV, logs(rows, odd_rows, broken_rows)),
    "nginx": (AccessLog(), logs(requests, odd_requests, broken_requests)),
    "otlp": (OTLPTraces(), logs(otlp_lines.requests, otlp_lines.odd_requests, otlp_lines.broken_requests)),
}
seen_before = st.sets(st.builds(lambda number: id_hash(f"chatcmpl-{number}"), st.integers(0, 40)), max_size=2)


@pytest.mark.parametrize(("form", "lines"), CASES.values(), ids=CASES)
def test_both_ways_count_keep_and_refuse_the_same(form: FastPathFormat, lines):
    @settings(max_examples=examples(300), deadline=None)
    @given(lines, seen_before, st.booleans(), st.integers(1, 2000))
    def check(lines, seen, is_ended, size):
        data = b"\n".join(lines) + (b"\n" if is_ended and lines else b"")
        fast, slow = accumulator(seen), accumulator(seen)
        part = form.decode_fast(pieces(data, size), LAST_HOUR, 77, 1000)
        if part is None or not fast.add(part, 5):
            form.decode(data, fast, 5, 1000)
        form.decode(data, slow, 5, 1000)
        for name in ("totals", "latest", "lines", "accepted", "rejected", "duplicates", "skipped"):
            assert getattr(fast, name) == getattr(slow, name), name
        assert sorted(fast.rejects) == sorted(slow.rejects)
        assert ids(fast) == ids(slow)

    check()


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (LiteLLMStandardLogging(), call),
        (CSV, row),
        (AccessLog(), lambda _: request()),
        (OTLPTraces(), otlp_lines.usual_request),
    ],
    ids=CASES,
)
def test_usual_lines_take_the_short_way(form: FastPathFormat, line):
    part = form.decode_fast([b"".join(line(number) + b"\n" for number in range(50))], LAST_HOUR, 0, 1000)
    assert part is not None
    calls = 100 if isinstance(form, OTLPTraces) else 50
    assert (part.lines, part.accepted, part.new_hashes) == (50, calls, {})


def test_the_latest_call_is_told_with_its_line_and_id():
    part = LiteLLMStandardLogging().decode_fast([b"\n".join(map(call, (1, 9, 2)))], LAST_HOUR, 0, 0)
    counted = accumulator(set())
    assert part is not None
    assert counted.add(part, 11)
    assert list(counted.latest.values()) == [CallEvidence(AT + 3, 12, "chatcmpl-9")]


def accumulator(seen: set[int]) -> Accumulator:
    return Accumulator(LAST_HOUR, lambda _hour: HashSet(sort_hashes(seen)), checksum_before=77)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Complete lines of about `size` bytes together."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", min(start + size, len(data) - 1)) + 1 or len(data)
        yield data[start:end]
        start = end


def ids(accumulator: Accumulator) -> dict[int, set[int]]:
    return {hour: set(run.tolist()) for hour, run in accumulator.hashes_by_hour().items()}
