"""The short way of a format comes to what the careful way comes to, whatever the lines."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.usage.formats.litellm_standard_logging import LiteLLMStandardLogging
from dashboard.usage.marks import Marks
from dashboard.usage.records import Batch, Evidence, id_hash
from dashboard.usage.tally import Tally

AT = 1_704_359_000
LAST_HOUR = AT // 3600 + 48
FORMAT = LiteLLMStandardLogging()


def call(number: int = 1, **fields) -> dict:
    return {
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
    } | fields


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
        {"user_agent": "curl \u202e"},
        {"model": None},
        {"model": "unknown-model"},
        {"model": "\ud800"},
    ]
)
numbers = st.integers(0, 12)
usual = st.builds(lambda number: json.dumps(call(number)).encode(), numbers)
odd = st.builds(lambda number, fields: json.dumps(call(number, **fields)).encode(), numbers, odd_values)
broken = st.sampled_from(
    [
        b"",
        b"  ",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"id": "x\x00"}',
        b"[" * 3000,
        json.dumps(call(3)).encode() * 2,
        json.dumps(call(4)).encode() + b"\r",
    ]
)
# Mostly usual lines: otherwise the short way is left at once.
logs = st.lists(st.one_of(usual, usual, usual, usual, odd, broken), max_size=30)
seen_before = st.sets(st.builds(lambda number: id_hash(f"chatcmpl-{number}"), st.integers(0, 40)), max_size=2)


@settings(max_examples=300)
@given(logs, seen_before, st.booleans())
def test_both_ways_count_keep_and_refuse_the_same(lines, seen, is_ended):
    data = b"\n".join(lines) + (b"\n" if is_ended and lines else b"")

    def tally() -> Tally:
        return Tally(LAST_HOUR, lambda _hour: Marks(seen), before=77)

    quick, careful = tally(), tally()
    part = FORMAT.part(data, LAST_HOUR, 77, 1000)
    if part is None or not quick.add(part, 5):
        FORMAT.decode(data, quick, 5, 1000)
    FORMAT.decode(data, careful, 5, 1000)
    for name in ("sums", "latest", "lines", "accepted", "rejected", "duplicates", "skipped"):
        assert getattr(quick, name) == getattr(careful, name), name
    assert sorted(quick.rejects) == sorted(careful.rejects)
    assert ids(quick) == ids(careful)


def ids(tally: Tally) -> dict[int, set[int]]:
    return {hour: set(run.tolist()) for hour, run in tally.marks().items()}


def test_the_latest_call_is_told_with_its_line_and_id():
    lines = [json.dumps(call(number)).encode() + b"\n" for number in (1, 9, 2)]
    batch = Batch(LAST_HOUR)
    FORMAT.decode(b"".join(lines), batch, 11, 0)
    assert list(batch.latest.values()) == [Evidence(AT + 3, 12, "chatcmpl-9")]
