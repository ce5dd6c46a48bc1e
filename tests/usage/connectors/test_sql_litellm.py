"""LiteLLM's database as its own migrations make it, with tens of thousands of calls."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db.models import Sum

from dashboard.usage.connectors.sql import poller
from dashboard.usage.connectors.sql.presets import load_table
from dashboard.usage.models import AggregateRow, DailyRollup, HourlyRollup, Source
from dashboard.usage.polling import poll
from tests.services import litellm, postgres
from tests.usage.conftest import calls, make_source, totals

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
ROWS = 20_000

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def migrated() -> Iterator[psycopg.Connection]:
    with postgres.running() as url, psycopg.connect(url, autocommit=True) as connection:
        assert litellm.migrate(connection) > 200
        yield connection


@pytest.fixture
def gateway(migrated, monkeypatch) -> psycopg.Connection:
    migrated.execute('TRUNCATE "LiteLLM_SpendLogs"')
    host = urlsplit(f"postgres://x?host={migrated.info.host}").query
    monkeypatch.setenv("LITELLM_DB", f"postgresql://postgres@/postgres?{host}")
    return migrated


def reader(preset: str = "litellm-spendlogs", slug: str = "gateway", **config) -> Source:
    return make_source(slug, kind="sql", config={"url": "env:LITELLM_DB", "preset": preset} | config)


def until_quiet(source: Source, now: datetime = NOW) -> None:
    """Poll until nothing more comes, a bounded number of times."""
    for _ in range(10):
        before = calls(source)
        poll(source, now)
        if calls(source) == before:
            return
    raise AssertionError("polls do not come to an end")


def test_every_call_of_the_table_counts_with_its_errors_and_who_made_it(gateway):
    litellm.fill(gateway, ROWS, body=200)
    source = reader()
    until_quiet(source)
    assert source.problem == ""
    truth = gateway.execute(
        """SELECT metadata ->> 'user_api_key_team_alias', model, count(*), sum(prompt_tokens)
           FROM "LiteLLM_SpendLogs" GROUP BY 1, 2"""
    ).fetchall()
    ours = (
        DailyRollup.objects.order_by()
        .values_list("identity__consumer", "name__called_as")
        .annotate(Sum("calls"), Sum("input_tokens"))
    )
    assert set(ours) == set(truth)
    rows = HourlyRollup.objects.values_list("errors", "gone", "cost_nano")
    assert [sum(column) for column in zip(*rows, strict=True)] == [ROWS // 50, ROWS // 200, ROWS * 1_000_000]


def test_the_gateways_own_address_works_with_the_parameters_that_only_prisma_knows(gateway, monkeypatch):
    """BerriAI/litellm#1769: pgbouncer=true, and what Prisma's documentation lists beside it."""
    litellm.fill(gateway, 10, body=10)
    gateway.execute('CREATE SCHEMA "Gate Way"')
    gateway.execute('CREATE TABLE "Gate Way"."LiteLLM_SpendLogs" (LIKE "LiteLLM_SpendLogs" INCLUDING ALL)')
    gateway.execute('INSERT INTO "Gate Way"."LiteLLM_SpendLogs" SELECT * FROM "LiteLLM_SpendLogs" LIMIT 3')
    prisma = "pgbouncer=true&connection_limit=5&pool_timeout=20&sslaccept=strict&statement_cache_size=0"
    address = f"{os.environ['LITELLM_DB']}&{prisma}"
    for slug, schema, rows in (("public", "public", 10), ("own", "Gate%20Way", 3)):
        monkeypatch.setenv("LITELLM_DB", f"{address}&schema={schema}")
        source = reader(slug=slug)
        until_quiet(source)
        assert source.problem == ""
        assert calls(source) == rows
    gateway.execute('DROP SCHEMA "Gate Way" CASCADE')


def test_rows_that_arrive_two_hours_late_count_and_polls_that_come_twice_do_not(gateway):
    litellm.fill(gateway, ROWS)
    source = reader()
    until_quiet(source)
    litellm.fill(gateway, 500, begin="2024-01-04 10:00", seconds=1800, name="late")
    for minutes in (0, 0, 1, 29):
        poll(source, NOW + timedelta(minutes=minutes))
    assert (source.problem, calls(source)) == ("", ROWS + 500)
    litellm.fill(gateway, 70, begin="2024-01-04 08:59", seconds=60, name="too late")
    poll(source, NOW + timedelta(hours=3))
    assert calls(source) == ROWS + 500, "three hours are asked again, not more"


def test_a_row_that_the_gateway_updates_later_is_counted_as_it_is_then(gateway):
    litellm.fill(gateway, 100, begin="2024-01-04 11:00", seconds=600)
    source = reader()
    poll(source, NOW)
    gateway.execute("""UPDATE "LiteLLM_SpendLogs" SET spend = 0.002, completion_tokens = 20""")
    poll(source, NOW)
    rows = HourlyRollup.objects.values_list("calls", "output_tokens", "cost_nano")
    assert [sum(column) for column in zip(*rows, strict=True)] == [100, 2000, 200_000_000]


def test_a_gateway_that_prunes_its_table_takes_nothing_back(gateway):
    litellm.fill(gateway, 100, begin="2024-01-04 11:00", seconds=600)
    source = reader()
    poll(source, NOW)
    gateway.execute('TRUNCATE "LiteLLM_SpendLogs"')
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 100)


def test_the_window_is_asked_by_the_index_of_the_time(gateway):
    litellm.fill(gateway, ROWS)
    gateway.execute('ANALYZE "LiteLLM_SpendLogs"')
    with poller.connect(f"postgresql://postgres@/postgres?host={gateway.info.host}") as connection:
        table = load_table({"preset": "litellm-spendlogs"}, connection)
    span = {"begin": datetime(2024, 1, 4, 9), "end": datetime(2024, 1, 4, 10), "most": 100}  # noqa: DTZ001
    query = table.query
    for name in span:
        query = query.replace(f":{name}", f"%({name})s")
    plan = "\n".join(row[0] for row in gateway.execute(f"EXPLAIN {query}", span))
    assert "Seq Scan" not in plan
    assert "startTime" in plan


DAILY = ("Team", "User", "Organization", "EndUser", "Agent", "Global")


@pytest.mark.parametrize("entity", DAILY)
def test_each_of_the_daily_tables_is_read_and_a_row_that_grows_replaces_itself(gateway, entity):
    table = f"LiteLLM_Daily{entity}Spend"
    columns = {"id": "1", "date": "2024-01-03", "model": "gpt-4", "model_group": "smart"} | {
        "custom_llm_provider": "openai",
        "prompt_tokens": 100,
        "completion_tokens": 10,
        "spend": 1.5,
        "api_requests": 7,
        "successful_requests": 6,
        "failed_requests": 1,
        "updated_at": NOW.replace(tzinfo=None),
    }
    if entity != "Global":
        words = {"EndUser": "end_user_id"}
        columns |= {"api_key": "hash", words.get(entity, f"{entity.lower()}_id"): "search"}
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    gateway.execute(f'DELETE FROM "{table}"')
    gateway.execute(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(columns.values()))
    source = reader("litellm-daily", table=table)
    poll(source, NOW)
    assert source.problem == ""
    gateway.execute(f'UPDATE "{table}" SET api_requests = 9, prompt_tokens = 150')
    poll(source, NOW)
    who = "search" if entity != "Global" else "(unknown)"
    assert totals(source) == {("2024-01-03", who, "gpt-4"): (9, 150)}
    assert AggregateRow.objects.count() == 1


def test_the_table_that_counts_a_call_once_per_tag_is_refused(gateway):
    source = reader("litellm-daily", table="LiteLLM_DailyTagSpend")
    poll(source, NOW)
    assert "counts a call once per tag" in source.problem
