"""Parquet files count as the same records would in JSON lines, and are known by what they hold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.usage.connectors.base import PreviewError
from dashboard.usage.connectors.preview_base import sample_file
from dashboard.usage.formats.documents import is_json
from dashboard.usage.formats.row_columns import COLUMNS, select_columns
from dashboard.usage.ingest import parquet
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.errors import ContentError, InputError
from dashboard.usage.ingest.pipeline import import_file
from dashboard.usage.models import LatestCall, RejectedLine, Source
from dashboard.usage.polling import poll
from tests.usage.conftest import GOLDEN, NOW, calls, line, make_source, totals

HERE = Path(__file__).parents[3]
SAMPLES = {
    "litellm_spendlogs.jsonl": "litellm-spendlogs",
    "litellm_standard_logging.jsonl": "litellm-standard-logging",
}


def table(path: Path, select: str, options: str = "") -> Path:
    """A file with what a query tells."""
    with duckdb.connect(":memory:") as engine:
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet{options})")
    return path


def of_lines(path: Path, data: bytes, options: str = "") -> Path:
    """The same records as rows, columns in the types that the engine finds."""
    told = path.with_suffix(".jsonl")
    told.write_bytes(data)
    return table(path, f"SELECT * FROM read_json('{told}', format = 'newline_delimited')", options)


def lines(path: Path) -> list[dict[str, Any]]:
    with DecompressedStream(path) as content:
        data = b"".join(content.pieces())
        assert content.complete
    return [json.loads(raw) for raw in data.splitlines()]


def told(counts) -> tuple[int, int, int]:
    return counts.accepted, counts.rejected, counts.duplicates


ONE = "SELECT '2024-01-04T09:00:00Z' AS ts, 'gpt-4' AS model, 'openai' AS platform"


# What it counts ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("format_name", ["auto", ""])
def test_a_sample_counts_as_its_lines_do(tmp_path, name, format_name):
    """All its lines but the broken ones; columns that hold several types come as JSON."""
    data = b"".join(raw + b"\n" for raw in (GOLDEN / name).read_bytes().splitlines() if is_json(raw))
    plain, packed = make_source("plain"), make_source("packed")
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(data)
    wanted = import_file(plain, rows, format=SAMPLES[name], now=NOW)
    path = of_lines(tmp_path / "rows.parquet", data)
    counts = import_file(packed, path, format=format_name or SAMPLES[name], now=NOW)
    assert told(counts) == told(wanted)
    assert totals(packed) == totals(plain)
    assert counts.bytes == path.stat().st_size


@pytest.mark.django_db
def test_rows_of_the_daily_table_replace_what_was_told(tmp_path, source):
    path = table(
        tmp_path / "daily.parquet",
        f"SELECT * FROM read_csv('{GOLDEN / 'litellm_daily.csv'}', all_varchar = true)",
    )
    plain = make_source("plain")
    import_file(plain, GOLDEN / "litellm_daily.csv", format="litellm-daily", now=NOW)
    for _ in range(2):
        import_file(source, path, format="auto", now=NOW)
        assert totals(source) == totals(plain)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "options", ["", ", COMPRESSION zstd", ", ROW_GROUP_SIZE 2048", ", COMPRESSION uncompressed"]
)
def test_however_it_is_packed_the_rows_count_once(tmp_path, source, options):
    data = b"".join(line(n) for n in range(5000))
    counts = import_file(source, of_lines(tmp_path / "a.parquet", data), format="sundial", now=NOW)
    assert told(counts) == (5000, 0, 0)
    again = import_file(source, of_lines(tmp_path / "b.parquet", data, options), format="auto", now=NOW)
    assert told(again) == (0, 0, 5000)
    (tmp_path / "c.jsonl").write_bytes(data)
    assert told(import_file(source, tmp_path / "c.jsonl", format="auto", now=NOW)) == (0, 0, 5000)
    assert calls(source) == 5000


@pytest.mark.django_db
def test_rows_without_ids_are_known_by_the_file_they_are_in(tmp_path, source):
    path = table(tmp_path / "a.parquet", f"{ONE} FROM range(3000)")
    assert told(import_file(source, path, format="auto", now=NOW)) == (3000, 0, 0)
    copy = tmp_path / "renamed"
    copy.write_bytes(path.read_bytes())
    assert told(import_file(source, copy, format="auto", now=NOW)) == (0, 0, 3000)
    more = table(tmp_path / "b.parquet", f"{ONE} FROM range(3001)")
    assert told(import_file(source, more, format="auto", now=NOW)) == (1, 0, 3000)


@pytest.mark.django_db
def test_rejected_rows_are_told_by_their_number(tmp_path, source):
    path = table(
        tmp_path / "a.parquet",
        "SELECT CASE n WHEN 1 THEN 'yesterday' ELSE '2024-01-04' END AS ts, 'm' AS model, 'i' || n AS id, "
        "CASE n WHEN 3 THEN -1 ELSE 5 END AS input_tokens FROM range(5) t(n)",
    )
    assert told(import_file(source, path, format="sundial", now=NOW)) == (3, 2, 0)
    kept = RejectedLine.objects.order_by("line").values_list("line", "reason")
    assert [number for number, _ in kept] == [2, 4]
    assert "input_tokens" in kept[1][1]
    assert LatestCall.objects.get().line == 5


@pytest.mark.django_db
@pytest.mark.parametrize("format_name", ["openai-usage", "csv", "otlp-traces"])
def test_other_formats_say_that_they_are_not_read_from_parquet(tmp_path, source, format_name):
    path = table(tmp_path / "a.parquet", ONE)
    with pytest.raises(InputError, match="a Parquet file, which is read as sundial, litellm"):
        import_file(source, path, format=format_name, now=NOW)
    with pytest.raises(PreviewError, match="a Parquet file"):
        sample_file(path, format_name, {}, NOW)


# Columns -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("TIMESTAMP '2024-01-04 09:00:00.5'", "2024-01-04 09:00:00.5"),
        ("TIMESTAMPTZ '2024-01-04 11:00:00+02'", "2024-01-04 09:00:00+00"),
        ("TIMESTAMP_NS '2024-01-04 09:00:00.123456789'", "2024-01-04 09:00:00.123456789"),
        ("DATE '2024-01-04'", "2024-01-04"),
        ("1704358800.25::DOUBLE", 1704358800.25),
        ("1704358800::BIGINT", 1704358800),
        ("'2024-01-04T09:00:00Z'::BLOB", "2024-01-04T09:00:00Z"),
    ],
)
@pytest.mark.django_db
def test_times_of_every_type_are_times(tmp_path, source, value, expected):
    path = table(tmp_path / "a.parquet", f"SELECT {value} AS ts, 'gpt-4' AS model")
    assert lines(path) == [{"ts": expected, "model": "gpt-4"}]
    assert told(import_file(source, path, format="sundial", now=NOW)) == (1, 0, 0)
    [(day, *_)] = totals(source)
    assert str(day) == "2024-01-04"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50::DECIMAL(10, 2)", 12.5),
        ("'NaN'::DOUBLE", None),
        ("'NaN'::FLOAT", None),
        ("NULL", None),
        ("9007199254740993::BIGINT", 9007199254740993),
        ("true", True),
        ("[1, 2]", [1, 2]),
        ("{'a': 1, 'b': NULL}", {"a": 1, "b": None}),
        ("MAP {'k': 1}", {"k": 1}),
        ("[{'a': [1]}]", [{"a": [1]}]),
        ("INTERVAL 1 DAY", "1 day"),
        ("'{\"a\": 1}'::JSON", {"a": 1}),
        ("'\"quoted\"\n\t\x01'", '"quoted"\n\t\x01'),
    ],
)
def test_cells_of_every_type_are_json(tmp_path, value, expected):
    path = table(tmp_path / "a.parquet", f"{ONE}, {value} AS cost")
    assert lines(path)[0]["cost"] == expected


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["'Infinity'::DOUBLE", "[1, 2]", "{'a': 1}", "'many'", "-1", "true", "1e30"])
def test_wrong_cells_cost_their_row_and_no_other(tmp_path, source, value):
    path = table(tmp_path / "a.parquet", f"{ONE}, {value} AS cost UNION ALL BY NAME {ONE}")
    assert told(import_file(source, path, format="sundial", now=NOW)) == (1, 1, 0)


def test_only_columns_that_are_looked_at_are_read(tmp_path):
    path = table(tmp_path / "a.parquet", f"""{ONE}, 'what was said' AS messages, 1 AS "we""ird ' name" """)
    assert lines(path) == [{"ts": "2024-01-04T09:00:00Z", "model": "gpt-4", "platform": "openai"}]


def test_names_as_warehouses_write_them_are_known(tmp_path):
    path = table(
        tmp_path / "a.parquet", """SELECT '2024-01-04' AS "TS", 'gpt-4' AS "MODEL", 1.5 AS "starttime" """
    )
    assert lines(path) == [{"ts": "2024-01-04", "model": "gpt-4", "startTime": 1.5}]
    assert select_columns(["MODEL", "model", "Id", "ID", "nothing"]) == {"model": "model", "id": "Id"}


def test_every_column_of_a_format_is_found_by_its_own_name():
    for columns in COLUMNS.values():
        assert select_columns(sorted(columns)) == {name: name for name in sorted(columns)}


def test_a_table_of_something_else_says_what_it_has(tmp_path):
    path = table(tmp_path / "a.parquet", "SELECT 1 AS one, 'sk-proj-abcdefgh12345678' AS two")
    with pytest.raises(ContentError, match="no column that is known; it has one, two"):
        lines(path)


def test_no_rows_are_no_lines(tmp_path):
    assert lines(table(tmp_path / "a.parquet", f"{ONE} WHERE false")) == []


# Trouble -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_file_that_is_cut_off_says_so_and_counts_once_whole(tmp_path, settings):
    settings.SUNDIAL_WATCH_ROOTS = [tmp_path]
    source = make_source("lake", kind="watch", paths=str(tmp_path / "*.parquet"))
    whole = of_lines(tmp_path / "a", b"".join(line(n) for n in range(100))).read_bytes()
    path = tmp_path / "a.parquet"
    for size in (4, 11, 40, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match="a Parquet file without its end"):
            import_file(source, path, format="auto", now=NOW)
        poll(source, NOW)
        assert "a.parquet is a Parquet file without its end" in source.problem
    path.write_bytes(whole)
    assert told(poll(source, NOW)) == (100, 0, 0)
    assert source.problem == ""
    path.rename(tmp_path / "b.parquet")
    assert told(poll(source, NOW)) == (0, 0, 0)
    assert calls(source) == 100


@pytest.mark.django_db
def test_damage_inside_is_a_problem_of_the_file_without_its_words(tmp_path, source):
    path = of_lines(tmp_path / "a.parquet", b"".join(line(n) for n in range(3000)), ", COMPRESSION uncompressed")
    whole = bytearray(path.read_bytes())
    whole[4:4000] = bytes(3996)
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"a\.parquet is a damaged Parquet file \(\w+\)$"):
        import_file(source, path, format="sundial", now=NOW)
    assert calls(source) == 0


def test_an_encrypted_one_says_so(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(20) + b"PARE")
    with pytest.raises(ContentError, match="encrypted"):
        lines(tmp_path / "a.parquet")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_bytes_break_the_reader(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("torn")
    whole = bytearray(of_lines(folder / "a.parquet", b"".join(line(n) for n in range(50))).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(4, len(whole) - 5))] = data.draw(st.integers(0, 255))
    (folder / "b.parquet").write_bytes(whole)
    try:
        with DecompressedStream(folder / "b.parquet") as content:
            assert sum(map(len, content.pieces())) < 1 << 20
    except ContentError:
        return


def test_a_file_needs_bounded_memory_however_large_its_row_groups(tmp_path):
    path = table(
        tmp_path / "a.parquet",
        "SELECT TIMESTAMP '2024-01-04' + to_seconds(n / 50) AS ts, 'gpt-4' AS model, 'id-' || n AS id, "
        "md5(n::VARCHAR) || repeat('x', 300) AS messages FROM range(400000) t(n)",
        ", ROW_GROUP_SIZE 400000",
    )
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from dashboard.usage.ingest.decompress import DecompressedStream\n"
        "import dashboard.usage.ingest.parquet, duckdb\n"
        "with DecompressedStream(Path(sys.argv[1])) as content:\n"
        "    content.read(1); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    n = sum(map(len, content.pieces()))\n"
        "print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    run = subprocess.run([sys.executable, "-c", code, path], cwd=HERE, capture_output=True, text=True, check=True)
    size, grown = map(int, run.stdout.split())
    assert size > 20 << 20
    assert grown < 100 << 10  # KiB; the rows with their messages are 130 MiB


def test_a_row_that_takes_too_much_memory_is_a_problem_with_advice(tmp_path, monkeypatch):
    monkeypatch.setitem(parquet.OPTIONS, "memory_limit", "8MiB")
    path = table(tmp_path / "a.parquet", f"{ONE}, repeat(md5(n::VARCHAR), 20000) AS tags FROM range(200) t(n)")
    with pytest.raises(ContentError, match="write it with smaller row groups"):
        lines(path)


def test_the_engine_is_not_loaded_before_a_parquet_file_is_met():
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "import dashboard.urls, tasks, dashboard.management.commands.usage\n"
        "print('duckdb' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# First looks -------------------------------------------------------------------------------------------------


def test_a_first_look_shows_rows(tmp_path):
    path = of_lines(tmp_path / "a.parquet", b"".join(line(n) for n in range(5000)))
    glimpse = sample_file(path, "auto", {}, NOW)
    assert (glimpse.format, glimpse.is_whole, len(glimpse.records)) == ("sundial", False, 20)
    assert glimpse.records[7].measures[3] == 7


@pytest.mark.django_db
def test_it_is_found_among_watched_files(tmp_path, settings):
    settings.SUNDIAL_WATCH_ROOTS = [tmp_path]
    source: Source = make_source("lake", kind="watch", paths=str(tmp_path))
    of_lines(tmp_path / "a.parquet", b"".join(line(n) for n in range(10)))
    assert told(poll(source, NOW)) == (10, 0, 10)  # as the lines beside it tell, too
    assert told(poll(source, NOW)) == (0, 0, 0)
