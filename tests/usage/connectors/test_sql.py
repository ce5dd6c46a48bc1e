"""Databases as sources: sums made there, windows asked again, on SQLite and PostgreSQL."""

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.sql import poller as sql_poller
from dashboard.usage.connectors.sync_window import WindowCheckpointer
from dashboard.usage.ingest import aggregates
from dashboard.usage.models import CalledName, HourlyRollup, Source, SyncWindow
from dashboard.usage.polling import poll
from tests import silent_server
from tests.services import postgres
from tests.usage.conftest import calls, make_source, totals

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
COLUMNS = {
    "time": "at",
    "application": "app",
    "platform": "host",
    "model": "model",
    "status": "status",
    "input_tokens": "taken",
}
LITELLM = """
CREATE TABLE "LiteLLM_SpendLogs" (request_id TEXT PRIMARY KEY, call_type TEXT, api_key TEXT, spend FLOAT,
  prompt_tokens INT, completion_tokens INT, "startTime" TIMESTAMP(3), model TEXT, custom_llm_provider TEXT,
  metadata JSONB, request_tags JSONB, team_id TEXT, status TEXT, mcp_namespaced_tool_name TEXT, messages JSONB)
"""
DAILY = """
CREATE TABLE "LiteLLM_DailyTeamSpend" (id TEXT, team_id TEXT, date TEXT, api_key TEXT, model TEXT,
  custom_llm_provider TEXT, mcp_namespaced_tool_name TEXT, endpoint TEXT, prompt_tokens BIGINT,
  completion_tokens BIGINT, spend FLOAT, api_requests BIGINT, failed_requests BIGINT)
"""


class Lite:
    """A gateway's table in SQLite, and the source that reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.execute("CREATE TABLE log (at DATETIME, app TEXT, host TEXT, model TEXT, status INT, taken INT)")

    def execute(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.path) as connection:
            connection.execute(statement, values)
        connection.close()

    def call(self, at: str, model: str = "gpt-4", status: int = 200, app: str = "search") -> None:
        self.execute("INSERT INTO log VALUES (?, ?, 'openai', ?, ?, 10)", at, app, model, status)


@pytest.fixture
def lite(tmp_path, monkeypatch) -> Lite:
    monkeypatch.setenv("USAGE_DB", f"sqlite:///{tmp_path / 'gateway.sqlite3'}")
    return Lite(tmp_path / "gateway.sqlite3")


def reader(**config) -> Source:
    defaults = {"url": "env:USAGE_DB", "table": "log", "columns": COLUMNS, "since": "2024-01-03"}
    return make_source(kind="sql", config=defaults | config)


@pytest.mark.django_db
def test_calls_are_summed_per_hour_and_a_failure_says_whether_the_model_was_gone(lite):
    lite.call("2024-01-03 09:10:00")
    lite.call("2024-01-03T09:50:00Z")
    lite.call("2024-01-04 10:00:00", status=404)
    lite.call("2024-01-04 10:30:00", status=500)
    source = reader()
    poll(source, NOW)
    rows = HourlyRollup.objects.order_by("hour").values_list("hour", "calls", "errors", "gone", "input_tokens")
    assert [(f"{hour:%d %H}", *row) for hour, *row in rows] == [("03 09", 2, 0, 0, 20), ("04 10", 2, 2, 1, 20)]
    assert source.problem == ""


@pytest.mark.django_db
def test_rows_that_arrive_late_within_the_window_count_once_however_often_it_is_asked(lite):
    lite.call("2024-01-04 12:00:00")
    source = reader()
    poll(source, NOW)
    lite.call("2024-01-04 10:15:00")
    for minutes in (1, 2, 61):
        poll(source, NOW + timedelta(minutes=minutes))
    assert calls(source) == 2


@pytest.mark.django_db
def test_history_is_fetched_in_steps_until_it_is_complete(lite):
    days = [f"2023-12-{day:02} 05:00:00" for day in range(20, 32)]
    for day in days:
        lite.call(day)
    lite.call("2024-01-04 12:10:00")
    source = reader(since="2023-12-20")
    seen = []
    for _ in range(6):
        poll(source, NOW)
        seen.append(calls(source))
    assert seen[0] < len(days)
    assert seen == sorted(seen)
    assert seen[-1] == len(days) + 1


@pytest.mark.django_db
def test_a_poll_that_dies_between_two_hours_loses_and_doubles_nothing(lite, monkeypatch):
    for hour in range(12):
        lite.call(f"2024-01-04 {hour:02}:20:00")
    source = reader()
    real, left = aggregates.replace_buckets, [8]

    def dying(*args):
        real(*args)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    monkeypatch.setattr(aggregates, "replace_buckets", dying)
    with pytest.raises(KeyboardInterrupt):
        poll(source, NOW)
    assert calls(source) < 12
    monkeypatch.setattr(aggregates, "replace_buckets", real)
    poll(source, NOW)
    assert calls(source) == 12


@pytest.mark.django_db
def test_a_first_day_that_moves_earlier_brings_the_history_before_it(lite):
    for day in ("2023-12-28", "2023-12-30", "2024-01-03"):
        lite.call(f"{day} 05:00:00")
    source = reader(since="2024-01-01")
    poll(source, NOW)
    assert calls(source) == 1
    source.config["since"] = "2023-12-29"
    poll(source, NOW)
    assert calls(source) == 2
    source.config["since"] = "2023-12-01"
    for _ in range(4):
        poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 3)
    assert SyncWindow.objects.get().begin == int(datetime(2023, 12, 1, tzinfo=UTC).timestamp())


@pytest.mark.django_db
def test_a_window_longer_than_the_history_asks_for_the_history(lite):
    lite.call("2024-01-03 23:00:00")
    lite.call("2024-01-04 05:00:00")
    source = reader(since="2024-01-04", window_hours=48)
    for _ in range(2):
        poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)
    source.config["since"] = "2024-01-03"
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 2)


@pytest.mark.django_db
def test_history_comes_newest_first_and_recent_hours_before_it(lite):
    lite.call("2023-12-01 05:00:00")
    lite.call("2024-01-01 05:00:00")
    lite.call("2024-01-04 12:10:00")
    source = reader(since="2023-12-01")
    poll(source, NOW)
    assert sorted({f"{hour:%m-%d}" for hour in HourlyRollup.objects.values_list("hour", flat=True)}) == [
        "01-01",
        "01-04",
    ]


@pytest.mark.django_db
def test_two_readers_of_one_table_do_not_both_count(lite):
    source = reader()
    first, second = WindowCheckpointer(source, "log", NOW), WindowCheckpointer(source, "log", NOW)
    first.commit_span([], (0, 3600), 0)
    with pytest.raises(ConnectorError, match="read this first"):
        second.commit_span([], (0, 3600), 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"url": "sqlite:////etc/passwd"}, "Secrets are named"),
        ({"url": "env:DATABASE_URL"}, "belongs to Sundial"),
        ({"url": "env:NOT_THERE"}, "NOT_THERE is not set"),
        ({"table": "none"}, "no table none"),
        ({"columns": {"time": "at", "model": "what"}}, "no column what"),
        ({"columns": {"time": "at"}}, "at least the time and the model"),
        ({"columns": COLUMNS | {"body": "app"}}, "not body"),
        ({"columns": COLUMNS | {"model": 'model" FROM log; DROP TABLE log; --'}}, "no column"),
        ({"since": "long ago"}, "since is not a day"),
        ({"window_hours": 0.5}, "window_hours"),
        ({"preset": "none"}, "preset must be one of"),
        ({"preset": "langfuse", "table": "log"}, "reads ClickHouse"),
        ({"preset": "helicone", "table": "log"}, "reads ClickHouse"),
        ({"url": "env:OTHER_DB"}, "The package for nosuchdb is not installed"),
    ],
)
def test_what_keeps_a_database_from_being_read_is_told_without_secrets(lite, monkeypatch, config, words):
    monkeypatch.setenv("OTHER_DB", "nosuchdb://user:passwd@host/name")
    source = reader(**config)
    poll(source, NOW)
    assert words in source.problem
    assert "passwd" not in source.problem


@pytest.fixture(scope="module")
def gateway() -> Iterator[psycopg.Connection]:
    with postgres.running() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(LITELLM)
        connection.execute(DAILY)
        yield connection


@pytest.fixture
def litellm(gateway, monkeypatch) -> psycopg.Connection:
    gateway.execute('TRUNCATE "LiteLLM_SpendLogs", "LiteLLM_DailyTeamSpend"')
    host = urlsplit(f"postgres://x?host={gateway.info.host}").query
    monkeypatch.setenv("LITELLM_DB", f"postgresql://postgres@/postgres?{host}")
    return gateway


def spend(connection, identifier: str, at: str, **fields) -> None:
    row = {
        "request_id": identifier,
        "call_type": "acompletion",
        "api_key": "hash",
        "spend": 0.5,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        '"startTime"': at,
        "model": "openai/gpt-4",
        "custom_llm_provider": "openai",
        "metadata": '{"user_api_key_team_alias": "search"}',
        "request_tags": '["prod"]',
        "team_id": "t1",
        "status": "success",
    } | fields
    places = ", ".join(["%s"] * len(row))
    connection.execute(
        f'INSERT INTO "LiteLLM_SpendLogs" ({", ".join(row)}) VALUES ({places})',
        list(row.values()),
    )


@pytest.mark.django_db
def test_spend_logs_of_litellm_are_read_from_postgresql(litellm):
    spend(litellm, "1", "2024-01-04 10:59:59.999")
    spend(litellm, "2", "2024-01-04 11:00:00", status=None)
    lost = '{"status": "failure", "error_information": {"error_code": "404", "error_class": "NotFoundError"}}'
    spend(litellm, "3", "2024-01-04 11:20:00", status="failure", metadata=lost, team_id="")
    spend(litellm, "4", "2024-01-04 11:20:00", call_type="aget_responses")
    spend(litellm, "5", "2024-01-04 11:20:00", mcp_namespaced_tool_name="search-web")
    source = make_source(kind="sql", config={"url": "env:LITELLM_DB", "preset": "litellm-spendlogs"})
    for _ in range(2):
        poll(source, NOW)
    assert source.problem == ""
    assert totals(source) == {
        ("2024-01-04", "search", "openai/gpt-4"): (2, 20),
        ("2024-01-04", "hash", "openai/gpt-4"): (1, 10),
    }
    gone = HourlyRollup.objects.filter(identity__consumer="hash").values_list("errors", "gone", "cost_nano")
    assert list(gone) == [(1, 1, 500_000_000)]
    assert CalledName.objects.get().platform == "openai"


@pytest.mark.django_db
def test_a_table_of_an_older_litellm_is_read_without_the_columns_it_lacks(litellm):
    spend(litellm, "1", "2024-01-04 11:00:00")
    for column in ("status", "mcp_namespaced_tool_name", "request_tags"):
        litellm.execute(f'ALTER TABLE "LiteLLM_SpendLogs" RENAME {column} TO old_{column}')
    try:
        source = make_source(kind="sql", config={"url": "env:LITELLM_DB", "preset": "litellm-spendlogs"})
        poll(source, NOW)
        assert (source.problem, calls(source)) == ("", 1)
    finally:
        for column in ("status", "mcp_namespaced_tool_name", "request_tags"):
            litellm.execute(f'ALTER TABLE "LiteLLM_SpendLogs" RENAME old_{column} TO {column}')


@pytest.mark.django_db
def test_a_daily_row_of_litellm_that_grows_is_replaced(litellm):
    insert = """INSERT INTO "LiteLLM_DailyTeamSpend" VALUES
      ('1', 'search', '2024-01-03', 'h', 'gpt-4', 'openai', NULL, NULL, 100, 10, 1.5, 7, 1)"""
    litellm.execute(insert)
    source = make_source(kind="sql", config={"url": "env:LITELLM_DB", "preset": "litellm-daily"})
    poll(source, NOW)
    litellm.execute('UPDATE "LiteLLM_DailyTeamSpend" SET api_requests = 9')
    litellm.execute(insert.replace("'1', 's", "'2', 's"))  # null columns let one key have two rows
    poll(source, NOW)
    assert source.problem == ""
    assert totals(source) == {("2024-01-03", "search", "gpt-4"): (16, 200)}
    assert SyncWindow.objects.get().name == "LiteLLM_DailyTeamSpend"


@pytest.mark.django_db
def test_a_database_that_is_away_is_told_and_read_when_it_is_back(litellm, monkeypatch):
    spend(litellm, "1", "2024-01-04 11:00:00")
    source = make_source(kind="sql", config={"url": "env:LITELLM_DB", "preset": "litellm-spendlogs"})
    with monkeypatch.context() as away:
        away.setenv("LITELLM_DB", "postgresql://postgres:hunter2@127.0.0.1:1/none")
        poll(source, NOW)
    assert source.problem.startswith("The database answers")
    assert "hunter2" not in source.problem
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)


@pytest.mark.django_db
def test_a_database_that_goes_away_in_the_middle_and_returns_is_read_on_exactly(litellm, monkeypatch):
    for hour in range(12):
        for number in range(3):
            spend(litellm, f"{hour} {number}", f"2024-01-04 {hour:02}:20:00")
    config = {"url": "env:LITELLM_DB", "preset": "litellm-spendlogs", "since": "2024-01-04"}
    source = make_source(kind="sql", config=config)
    deliver, left = WindowCheckpointer.commit_span, [7]

    def cutting(*args, **kwargs):
        left[0] -= 1
        if not left[0]:
            litellm.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        return deliver(*args, **kwargs)

    monkeypatch.setattr(WindowCheckpointer, "commit_span", cutting)
    poll(source, NOW)
    assert source.problem.startswith("The database answers")
    assert 0 < calls(source) < 36
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 36)


@pytest.mark.django_db
def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(sql_poller, "CONNECT_SECONDS", 2)
    with silent_server.running() as port:
        monkeypatch.setenv("OTHER_DB", f"postgresql://me:hunter2@127.0.0.1:{port}/calls")
        source = reader(url="env:OTHER_DB")
        poll(source, NOW)
    assert "timeout" in source.problem
    assert "hunter2" not in source.problem


def test_a_server_that_falls_silent_in_the_middle_ends_with_the_time_of_a_poll(litellm, monkeypatch):
    """The server's own time limit does not end a wait for an answer that never comes."""
    for name, seconds in (("POLL_SECONDS", 1), ("SECONDS", 0), ("MARGIN", 0)):
        monkeypatch.setattr(sql_poller, name, seconds)
    no_limit = 0
    with pytest.raises(SQLAlchemyError), sql_poller.connect(os.environ["LITELLM_DB"], no_limit) as connection:
        connection.execute(text("SELECT pg_sleep(250)"))


@pytest.mark.django_db
def test_a_poll_that_takes_too_long_ends_and_the_next_one_goes_on(lite, monkeypatch):
    lite.call("2024-01-04 09:10:00")
    source = reader()
    with monkeypatch.context() as slow:
        slow.setattr(sql_poller, "POLL_SECONDS", -1)
        poll(source, NOW)
    assert source.problem.startswith("The database is slow")
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)
