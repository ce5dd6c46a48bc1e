"""Each format that tells sums: its golden sample through an import, detection, and what no file may do to it."""

import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import DailyRollup, HourlyRollup
from dashboard.usage.records import Batch, last_hour
from tests.usage.conftest import GOLDEN, NOW, make_source

# Sample -> its format, records accepted and rejected.
SAMPLES = {
    "openai_usage.json": ("openai-usage", 3, 1),
    "openai_legacy_usage.json": ("openai-legacy-usage", 3, 1),
    "openai_activity_export.csv": ("openai-activity-export", 3, 1),
    "anthropic_usage.json": ("anthropic-usage", 2, 1),
    "azure_monitor_metrics.json": ("azure-monitor-metrics", 3, 0),
    "otlp_metrics.jsonl": ("otlp-metrics", 8, 1),
    "litellm_daily.csv": ("litellm-daily", 3, 1),
    "openrouter_activity.json": ("openrouter-activity", 2, 1),
    "comma_separated.csv": ("csv", 3, 1),
}
NAMES = sorted(name for name, reader in FORMATS.items() if reader.aggregated)


def totals_of(name: str) -> list[list[str]]:
    with (GOLDEN / name).with_suffix(".totals.csv").open(newline="") as handle:
        return list(csv.reader(handle))[1:]


def test_every_aggregated_format_has_a_sample():
    assert sorted(name for name, _, _ in SAMPLES.values()) == NAMES


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_told_by_auto_and_adds_up_to_its_golden_totals(name, source):
    format_name, accepted, rejected = SAMPLES[name]
    found = detect((GOLDEN / name).read_bytes())
    assert (found.format, bool(found.why)) == (format_name, True)
    for _ in range(2):
        counts = import_file(source, GOLDEN / name, format="auto", now=NOW)
        assert (counts.accepted + counts.duplicates - _repeats(name), counts.rejected) == (accepted, rejected)
    rows = HourlyRollup.objects.filter(source=source).values_list(
        "hour",
        *("identity__consumer", "name__platform", "name__called_as", "name__endpoint"),
        *("calls", "errors", "gone", "input_tokens", "output_tokens", "cost_nano"),
    )
    told = [[f"{row[0]:%Y-%m-%dT%H}", *("" if cell is None else str(cell) for cell in row[1:])] for row in rows]
    assert sorted(told) == sorted(totals_of(name))


def _repeats(name: str) -> int:
    return 1 if name == "otlp_metrics.jsonl" else 0  # one point in it comes twice


def test_what_is_told_under_another_name_with_another_space_replaces_itself(source, tmp_path):
    for name in SAMPLES:
        copied = tmp_path / name
        data = (GOLDEN / name).read_bytes()
        copied.write_bytes(data.replace(b"\n", b" \n") if name.endswith("json") else data + b"\n")
        own = make_source(name.replace(".", "-"))
        import_file(own, GOLDEN / name, format="auto", now=NOW)
        before = list(DailyRollup.objects.filter(source=own).order_by("pk").values())
        import_file(own, copied, format="auto", now=NOW)
        assert list(DailyRollup.objects.filter(source=own).order_by("pk").values()) == before


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(
    data=st.lists(
        st.binary(max_size=60)
        | st.sampled_from(
            [
                b"date,model,calls",
                b"2024-01-04,gpt-4,3",
                b'{"data": [{"results": [{}], "start_time": 1704326400, "end_time": 1704330000}]}',
                b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "x", "sum": 4}]}]}]}',
                b'{"value": [{"name": 4, "timeseries": [{}]}], "interval": "PT1H"}',
                b"[[[[4]]]]",
            ]
        )
    )
)
def test_no_bytes_break_a_format(name, data):
    content = b"\n".join(data)
    batch = Batch(last_hour(NOW))
    FORMATS[name].decode(content, batch, 1, 0)
    lines = content.count(b"\n") + (not content.endswith(b"\n") and bool(content))
    assert batch.lines == lines
    batch = Batch(last_hour(NOW))
    FORMATS[name].decode_document(content, batch, 1, 0)
    assert batch.lines == batch.accepted + batch.rejected + batch.duplicates + batch.skipped
