"""Each format against its golden sample, and what no line may do to a parser."""

import csv
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch, clean, epoch_seconds, last_hour, redact
from tests.usage.conftest import GOLDEN, NOW, access, line

SAMPLES = {
    "sundial.jsonl": ("sundial", 4, 3, 1, 1),
    "litellm_standard_logging.jsonl": ("litellm-standard-logging", 10, 2, 2, 1),
    "litellm_spendlogs.jsonl": ("litellm-spendlogs", 8, 1, 1, 1),
    "nginx_combined.log": ("access-log", 5, 2, 0, 3),
    "nginx_json.jsonl": ("access-log", 3, 2, 0, 0),
    "caddy.jsonl": ("access-log", 1, 0, 0, 2),
    "traefik.jsonl": ("access-log", 2, 0, 0, 0),
    "envoy_default.log": ("access-log", 1, 0, 0, 1),
    "haproxy.log": ("access-log", 1, 0, 0, 1),
}

LINE_FORMATS = ["sundial", "litellm-standard-logging", "litellm-spendlogs", "access-log"]


def decode(name: str, data: bytes) -> Batch:
    batch = Batch(last_hour(NOW))
    FORMATS[name].decode(data, batch, 1, 0)
    return batch


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_adds_up_to_its_golden_sums(name):
    data = (GOLDEN / name).read_bytes()
    format_name, accepted, rejected, duplicates, skipped = SAMPLES[name]
    batch = decode(format_name, data)
    assert (batch.accepted, batch.rejected, batch.duplicates, batch.skipped) == (
        accepted,
        rejected,
        duplicates,
        skipped,
    )
    rows = [
        [f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}", caller.consumer, *called, *map(_text, sums)]
        for (hour, caller, called), sums in batch.totals.items()
    ]
    with (GOLDEN / name).with_suffix(".csv").open(newline="") as handle:
        assert sorted(rows) == sorted(list(csv.reader(handle))[1:])


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


@pytest.mark.parametrize("name", SAMPLES)
def test_auto_tells_every_sample_and_says_why(name):
    found = detect((GOLDEN / name).read_bytes())
    assert (found.format, bool(found.why)) == (SAMPLES[name][0], True)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "no complete line"),
        (b"\x00\x01\x02\x03\n", "binary"),
        (b"when,what,number\n2024-01-04,gpt-4,3\n", "2 lines of text"),
        (b'{"question": 1, "sk-secret-value-123456": 2}\n', "fields question"),
        (b"sundial\nnever\nheard\nof\n" + line(1), "lines of text"),
    ],
)
def test_auto_refuses_when_unsure_and_says_what_it_saw(head, words):
    found = detect(head)
    assert found.format == ""
    assert words in found.why
    assert "secret" not in found.why


@pytest.mark.parametrize("name", LINE_FORMATS)
@given(data=st.lists(st.binary(max_size=60) | st.sampled_from([line(1), line(2), access(1), b'{"ts":'])))
def test_no_bytes_break_a_parser_and_every_line_is_accounted_for(name, data):
    content = b"\n".join(data)
    batch = decode(name, content)
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    assert batch.lines == lines
    assert batch.lines == batch.accepted + batch.rejected + batch.duplicates + batch.skipped


@pytest.mark.parametrize("name", LINE_FORMATS)
@pytest.mark.parametrize(
    "hostile",
    [
        b'{"ts":' + b"[" * 100_000,
        b'{"ts": "2024-01-04", "model": "x", "id": "\xff\xfe"}',
        b'{"ts": 1e400, "model": "x"}',
        b'{"ts": 1704326400, "model": "x", "input_tokens": 99999999999999999999999999}',
        b'{"ts": 1704326400, "model": "x", "cost": -1}',
        b'{"ts": 12, "model": "x"}',
        b'{"ts": "2150-01-01", "model": "x"}',
        b"\x00" * 50,
    ],
)
def test_a_hostile_line_is_rejected_with_its_place_and_the_next_one_counts(name, hostile):
    good = line(1) if name == "sundial" else (GOLDEN / _sample_of(name)).read_bytes().split(b"\n")[0] + b"\n"
    batch = decode(name, good + hostile + b"\n" + good.replace(b"call-1", b"call-2"))
    assert batch.rejected == 1
    assert (batch.rejects[0].line, batch.rejects[0].offset) == (2, len(good))
    assert batch.accepted + batch.duplicates == 2


def _sample_of(format_name: str) -> str:
    return next(name for name, expected in SAMPLES.items() if expected[0] == format_name)


def test_no_content_is_kept_of_a_rejected_line():
    raw = b'{"messages": "my password is Hunter2", "key": "sk-abc123def456", "model'
    batch = decode("litellm-standard-logging", raw + b"\n")
    kept = batch.rejects[0].sample + batch.rejects[0].reason
    assert all(word not in kept for word in ("password", "Hunter", "sk-abc", "messages", "123"))
    assert kept.startswith('{"xxx": "xx xxx')


@given(st.binary(max_size=3000))
def test_a_redacted_sample_is_short_and_made_of_shapes(raw):
    shape = redact(raw)
    assert len(shape) <= 160
    assert not any(c.isalpha() and c != "x" for c in shape)
    assert not any(c.isdigit() and c != "0" for c in shape)


@given(st.text(max_size=400))
def test_a_cleaned_name_is_bounded_and_printable(text):
    name = clean(text, 50)
    assert len(name) <= 50
    assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in name)
    name.encode()


def test_a_key_never_becomes_a_name_and_long_names_stay_apart():
    assert "secret" not in clean("sk-secretsecretsecret", 200)
    assert clean("sk-secretsecretsecret", 200) != clean("sk-othersecretsecret", 200)
    assert clean("a" * 300 + "1", 200) != clean("a" * 300 + "2", 200)


@pytest.mark.parametrize(
    ("value", "hour"),
    [
        ("2024-01-04T09:59:59.999Z", 9),
        ("2024-01-04 09:00:00", 9),
        ("2024-01-04T00:30:00+05:30", -5),
        ("2024-01-04T23:30:00-02:00", 25),
        (1704359999.9, 9),
        ("1704359999.9", 9),
        (1704359999900, 9),
        (1704359999900000, 9),
        (1704359999900000000, 9),
    ],
)
def test_a_time_falls_in_its_utc_hour(value, hour):
    midnight = int(datetime(2024, 1, 4, tzinfo=UTC).timestamp()) // 3600
    assert epoch_seconds(value) // 3600 == midnight + hour


@pytest.mark.parametrize("value", ["soon", "", "2024-13-01", float("nan"), float("inf"), 1e30, -1e30])
def test_a_time_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match="time"):
        epoch_seconds(value)
