"""The same tables in SQLite, DuckDB, PostgreSQL and MySQL are read to the same sums."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Double, Integer, Numeric, String, text
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.connectors.sql import poller
from dashboard.usage.models import HourlyRollup, Source
from dashboard.usage.polling import poll
from dashboard.usage.preview import preview
from tests.usage.conftest import calls, make_source, totals
from tests.usage.fakes.gateways import ALL, Gateway, opened

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
NAMED = {
    "time": "begun",
    "team": "squad",
    "platform": "host",
    "model": "model",
    "status": "status",
    "input_tokens": "taken",
    "cost": "price",
}

pytestmark = pytest.mark.django_db


@pytest.fixture(params=ALL)
def gateway(request, tmp_path, monkeypatch) -> Iterator[Gateway]:
    with opened(request.param, request, tmp_path) as made:
        monkeypatch.setenv("GATEWAY_DB", made.url.render_as_string(hide_password=False))
        yield made


@pytest.fixture
def log(gateway):
    """A usual table of calls."""
    return gateway.table(
        "log",
        Column("begun", DateTime),
        Column("squad", String(80)),
        Column("host", String(80)),
        Column("model", String(80, collation="NOCASE" if gateway.name == "sqlite" else None)),
        Column("status", Integer),
        Column("taken", BigInteger),
        Column("price", Numeric(24, 12)),
    )


def call(at: str, **fields) -> dict:
    usual = {"squad": "search", "host": "openai", "model": "gpt-4", "status": 200, "taken": 10, "price": None}
    return {"begun": datetime.fromisoformat(at)} | usual | fields


def reader(slug: str = "gateway", **config) -> Source:
    given = {"url": "env:GATEWAY_DB", "table": "log", "columns": NAMED, "since": "2024-01-03"}
    return make_source(slug, kind="sql", config=given | config)


def hours(source: Source, *measures: str) -> list[tuple]:
    rows = HourlyRollup.objects.filter(source=source).order_by("hour").values_list("hour", *measures)
    return [(f"{hour:%d %H}", *told) for hour, *told in rows]


def test_calls_count_in_the_hour_in_which_they_began(gateway, log):
    gateway.add(
        log,
        call("2024-01-03 09:00:00"),
        call("2024-01-03 09:59:59"),
        call("2024-01-03 10:00:00", status=404),
        call("2024-01-04 10:30:00", status=500, taken=None),
    )
    source = reader()
    poll(source, NOW)
    assert source.problem == ""
    assert hours(source, "calls", "errors", "gone", "input_tokens", "output_tokens", "cost_nano") == [
        ("03 09", 2, 0, 0, 20, None, None),
        ("03 10", 1, 1, 1, 10, None, None),
        ("04 10", 1, 1, 0, None, None, None),
    ]


def test_rows_that_are_written_two_hours_late_count_once_however_often_it_is_asked(gateway, log):
    gateway.add(log, call("2024-01-04 12:00:00"), call("2024-01-04 10:40:00"))
    source = reader()
    poll(source, NOW)
    gateway.add(log, call("2024-01-04 10:31:00"), call("2024-01-04 10:31:00", model="gpt-3.5"))
    for minutes in (0, 1, 2, 61):
        poll(source, NOW + timedelta(minutes=minutes))
    assert (source.problem, calls(source)) == ("", 4)
    gateway.execute("UPDATE log SET taken = 25")
    poll(source, NOW + timedelta(minutes=62))
    assert sum(tokens for _hour, tokens in hours(source, "input_tokens")) == 100


def test_names_that_differ_in_case_or_accents_stay_apart(gateway, log):
    names = ("GPT-4", "gpt-4", "gpt-4 ", "Gpt-4", "café", "cafe", "straße", "strasse", "模型-😀")
    gateway.add(log, *(call("2024-01-04 10:00:00", model=name, squad=name) for name in names))
    gateway.add(
        log, call("2024-01-04 10:00:00", model="x", squad=None), call("2024-01-04 10:01:00", model="x", squad="")
    )
    source = reader()
    for _ in range(2):
        poll(source, NOW)
    assert source.problem == ""
    told = {(who, name): number for (_day, who, name), (number, _tokens) in totals(source).items()}
    expected = {(name, name): 1 for name in names if name.strip() == name}
    assert told == expected | {("gpt-4", "gpt-4"): 2, ("(unknown)", "x"): 2}  # blanks around a name go everywhere


def test_costs_are_exact_to_the_nano_usd_and_counts_may_be_large(gateway, log):
    gateway.add(
        log,
        call("2024-01-04 10:00:00", price=Decimal("123456.123456789"), taken=5_000_000_000),
        *[call("2024-01-04 10:00:00", price=Decimal("0.000000001"), taken=3_000_000_000)] * 10,
    )
    source = reader()
    poll(source, NOW)
    assert source.problem == ""
    assert hours(source, "input_tokens", "cost_nano") == [("04 10", 35_000_000_000, 123_456_123_456_799)]


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "-1"])
@pytest.mark.parametrize(
    ("gateway", "kind"),
    [("duckdb", Double()), ("postgresql", Double()), ("postgresql", Numeric())],
    indirect=["gateway"],
)
def test_a_cost_that_is_no_amount_is_told_and_the_others_count(gateway, cost, kind):
    columns = Column("begun", DateTime), Column("model", String(80)), Column("price", kind)
    table = gateway.table("costs", *columns)
    for model, price in (("gpt-4", "0.5"), ("davinci", cost)):
        gateway.execute(f"INSERT INTO {table.name} VALUES ('2024-01-04 10:00:00', '{model}', '{price}')")
    source = reader(table="costs", columns={"time": "begun", "model": "model", "cost": "price"})
    poll(source, NOW)
    assert source.problem == "1 sums were not understood: cost is not an amount from 0 to 1e6 USD"
    assert hours(source, "calls", "cost_nano") == [("04 10", 1, 500_000_000)]


def test_a_number_of_seconds_or_milliseconds_is_a_time(gateway):
    for unit, factor in (("", 1), ("ms", 1000)):
        table = gateway.table(f"epoch{unit}", Column("begun", BigInteger), Column("model", String(80)))
        last = int(datetime(2024, 1, 4, 10, tzinfo=UTC).timestamp()) * factor
        gateway.add(table, *({"begun": at, "model": "gpt-4"} for at in (last - 1, last, last + 3600 * factor - 1)))
        columns = {"time": "begun", "model": "model"}
        source = reader(f"source{unit}", table=table.name, columns=columns, time_unit=unit)
        poll(source, NOW)
        assert source.problem == ""
        assert hours(source, "calls") == [("04 09", 1), ("04 10", 2)]


@pytest.mark.parametrize("kind", [Date(), String(20)], ids=["date", "text"])
def test_a_day_is_a_time(gateway, kind):
    table = gateway.table("days", Column("day", kind), Column("model", String(80)), Column("requests", Integer))
    day = datetime(2024, 1, 3).date()  # noqa: DTZ001
    gateway.add(table, {"day": day if isinstance(kind, Date) else str(day), "model": "gpt-4", "requests": 7})
    source = reader(table="days", columns={"time": "day", "model": "model", "calls": "requests"})
    for _ in range(2):
        poll(source, NOW)
    assert (source.problem, totals(source)) == ("", {("2024-01-03", "(unknown)", "gpt-4"): (7, None)})


def test_tables_and_columns_may_have_any_name(gateway):
    odd = 'of:a "100%`\\ key'
    table = gateway.table(
        "order",
        Column("timestamp", DateTime),
        Column("select", String(80)),
        Column("group", String(80)),
        Column(odd, Integer, key="odd"),
    )
    gateway.add(table, {"timestamp": datetime(2024, 1, 4, 10), "select": "m", "group": "g", "odd": 3})  # noqa: DTZ001
    columns = {"time": "timestamp", "model": "select", "application": "group", "input_tokens": odd}
    source = reader(table="order", columns=columns)
    poll(source, NOW)
    assert (source.problem, totals(source)) == ("", {("2024-01-04", "g", "m"): (1, 3)})


def test_a_column_that_says_yes_or_no_is_counted(gateway):
    table = gateway.table(
        "flags",
        Column("begun", DateTime),
        Column("model", String(80)),
        Column("failed", Boolean),
        Column("lost", Boolean),
    )
    at = datetime(2024, 1, 4, 10)  # noqa: DTZ001
    flags = ((True, None), (False, None), (None, None), (True, None))
    gateway.add(table, *({"begun": at, "model": "m", "failed": failed, "lost": lost} for failed, lost in flags))
    columns = {"time": "begun", "model": "model", "errors": "failed", "gone": "lost"}
    source = reader(table="flags", columns=columns)
    poll(source, NOW)
    assert source.problem == ""
    assert hours(source, "calls", "errors", "gone") == [("04 10", 4, 2, None)]


def test_a_test_shows_the_newest_sums_and_keeps_nothing(gateway, log):
    gateway.add(log, call("2024-01-04 10:00:00", model="GPT-4"), call("2023-10-01 10:00:00"))
    found = preview(reader(), NOW)
    assert (found.problem, found.accepted, found.rejected) == ("", 1, 0)
    (record,) = found.records
    assert (record.at, record.caller.team) == (datetime(2024, 1, 4, 10, tzinfo=UTC), "search")
    assert (record.called_as, record.calls, record.input_tokens) == ("GPT-4", 1, 10)
    assert not HourlyRollup.objects.exists()


def test_too_many_sums_in_one_hour_are_told(gateway, log, monkeypatch):
    monkeypatch.setattr(poller, "MOST_ROWS", 3)
    gateway.add(log, *(call("2024-01-04 10:00:00", model=f"m{n}") for n in range(5)))
    source = reader()
    poll(source, NOW)
    assert "More than 3 sums in one bucket" in source.problem


@pytest.mark.parametrize("statement", ["DELETE FROM log", "CREATE TABLE other (a INTEGER)"])
def test_nothing_can_be_written(gateway, log, statement):
    gateway.add(log, call("2024-01-04 10:00:00"))
    address = gateway.url.render_as_string(hide_password=False)
    with poller.connect(address) as connection, pytest.raises(SQLAlchemyError):
        connection.execute(text(statement))
    source = reader()
    poll(source, NOW)
    assert calls(source) == 1
