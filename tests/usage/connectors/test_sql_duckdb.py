"""DuckDB as a source: a file of a warehouse, in every kind of time that a column may have."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dashboard.usage.models import HourlyRollup
from dashboard.usage.polling import poll
from tests.usage.conftest import calls, make_source, totals

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
COLUMNS = {
    "time": "at",
    "team": "squad",
    "platform": "host",
    "model": "model",
    "status": "status",
    "input_tokens": "taken",
    "cost": "price",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def warehouse(tmp_path, monkeypatch) -> Path:
    path = tmp_path / "warehouse.duckdb"
    monkeypatch.setenv("WAREHOUSE", f"duckdb:///{path}")
    return path


def write(path: Path, statement: str, *rows: tuple) -> None:
    with duckdb.connect(path) as connection:
        if rows:
            connection.executemany(statement, rows)
        else:
            connection.execute(statement)


def table(path: Path, time: str) -> None:
    write(
        path,
        f'CREATE TABLE calls ("at" {time}, squad VARCHAR, host VARCHAR, model VARCHAR, status INTEGER,'
        " taken HUGEINT, price DECIMAL(18, 6))",
    )


def source_of(**config):
    given = {"url": "env:WAREHOUSE", "table": "calls", "columns": COLUMNS, "since": "2024-01-03"}
    return make_source(kind="sql", config=given | config)


@pytest.mark.parametrize("time", ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_MS"])
def test_calls_are_summed_there_and_late_ones_count(warehouse, time):
    table(warehouse, time)
    insert = (
        "INSERT INTO calls VALUES (?::TIMESTAMPTZ AT TIME ZONE 'UTC', 'search', 'openai', 'gpt-4', ?, 10, 0.5)"
    )
    if time == "TIMESTAMP WITH TIME ZONE":
        insert = insert.replace(" AT TIME ZONE 'UTC'", "")
    write(warehouse, insert, ("2024-01-03 09:10:00+00", 200), ("2024-01-04 10:59:59+00", 404))
    source = source_of()
    poll(source, NOW)
    write(warehouse, insert, ("2024-01-04 10:05:00+00", 200))
    for minutes in (1, 2):
        poll(source, NOW + timedelta(minutes=minutes))
    assert source.problem == ""
    rows = HourlyRollup.objects.order_by("hour").values_list(
        "hour", "calls", "errors", "gone", "input_tokens", "cost_nano"
    )
    assert [(f"{hour:%d %H}", *row) for hour, *row in rows] == [
        ("03 09", 1, 0, 0, 10, 500_000_000),
        ("04 10", 2, 1, 1, 20, 1_000_000_000),
    ]


def test_a_day_or_a_number_is_a_time_too(warehouse):
    table(warehouse, "DATE")
    write(warehouse, "INSERT INTO calls VALUES ('2024-01-03', 'search', 'openai', 'gpt-4', 200, 10, 1)")
    source = source_of()
    poll(source, NOW)
    assert (source.problem, totals(source)) == ("", {("2024-01-03", "search", "gpt-4"): (1, 10)})
    write(warehouse, "DROP TABLE calls")
    table(warehouse, "BIGINT")
    write(
        warehouse, "INSERT INTO calls VALUES (epoch_ms(TIMESTAMP '2024-01-04 11:00:00'), 'a', 'b', 'c', 200, 1, 1)"
    )
    source = make_source("ms", kind="sql", config=source.config | {"time_unit": "ms"})
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)


def test_columns_whose_names_are_those_of_other_fields_do_not_get_mixed_up(warehouse):
    write(warehouse, 'CREATE TABLE calls ("at" TIMESTAMP, model VARCHAR, application VARCHAR)')
    write(warehouse, "INSERT INTO calls VALUES ('2024-01-04 11:00:00', 'search', 'gpt-4')")
    source = source_of(columns={"time": "at", "application": "model", "model": "application"})
    poll(source, NOW)
    assert totals(source) == {("2024-01-04", "search", "gpt-4"): (1, None)}


def test_a_file_that_is_not_there_is_not_made(warehouse):
    source = source_of()
    poll(source, NOW)
    assert source.problem == "There is no such database file"
    assert not warehouse.exists()
