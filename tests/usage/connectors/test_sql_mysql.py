"""What is MySQL's own: its time zones, collations, modes and types, its users and views, and how it goes away."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text as text_of
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.connectors.sql import poller
from dashboard.usage.connectors.sync_window import WindowCheckpointer
from dashboard.usage.models import HourlyRollup, Source
from dashboard.usage.polling import poll
from dashboard.usage.preview import preview
from tests.usage.conftest import calls, make_source, totals
from tests.usage.fakes.gateways import Gateway, opened

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
NAMED = {"time": "begun", "application": "app", "model": "model"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway(request, tmp_path, monkeypatch) -> Iterator[Gateway]:
    with opened("mysql", request, tmp_path) as made:
        monkeypatch.setenv("GATEWAY_DB", address(made))
        yield made


def address(gateway: Gateway, **others) -> str:
    return gateway.url.set(**others).render_as_string(hide_password=False)


def reader(slug: str = "gateway", **config) -> Source:
    given = {"url": "env:GATEWAY_DB", "table": "log", "columns": NAMED, "since": "2024-01-03"}
    return make_source(slug, kind="sql", config=given | config)


def hours() -> list[tuple]:
    return [(f"{hour:%d %H}", n) for hour, n in HourlyRollup.objects.order_by("hour").values_list("hour", "calls")]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("TIMESTAMP", "2024-01-04 15:30:00"),  # an instant, written by a session at +05:30
        ("TIMESTAMP(6)", "2024-01-04 15:30:00.000001"),
        ("DATETIME", "2024-01-04 10:00:00"),  # no zone: taken as UTC, whatever the clock of the server
        ("DATETIME(3)", "2024-01-04 10:00:00.001"),
    ],
)
def test_the_clock_of_the_server_does_not_move_an_hour(gateway, kind, written):
    gateway.execute(f"CREATE TABLE log (begun {kind} NULL, app VARCHAR(20), model VARCHAR(20), INDEX (begun))")
    gateway.execute("INSERT INTO log VALUES (:at, 'search', 'gpt-4'), (NULL, 'search', 'gpt-4')", at=written)
    before = datetime.fromisoformat(written).replace(microsecond=0).isoformat(" ")
    gateway.execute(f"INSERT INTO log SELECT '{before}' - INTERVAL 1 SECOND, app, model FROM log LIMIT 1")
    source = reader()
    poll(source, NOW)
    assert (source.problem, hours()) == ("", [("04 09", 1), ("04 10", 1)])


@pytest.mark.parametrize(
    "modes",
    ["", "ONLY_FULL_GROUP_BY", "ANSI_QUOTES,PIPES_AS_CONCAT", "NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH"],
)
def test_no_mode_of_the_server_changes_what_is_counted(gateway, modes):
    gateway.execute("CREATE TABLE log (begun DATETIME, app CHAR(20), `or\\der` VARCHAR(20))")
    gateway.execute(
        "INSERT INTO log VALUES ('2024-01-04 10:00', 'search', 'GPT-4'), ('2024-01-04 10:00', '', 'gpt-4')"
    )
    with gateway.engine.connect() as connection:
        before = connection.execute(text_of("SELECT @@GLOBAL.sql_mode")).scalar_one()
    gateway.execute("SET GLOBAL sql_mode = :modes", modes=modes)
    try:
        source = reader(columns=NAMED | {"model": "or\\der"})
        poll(source, NOW)
    finally:
        gateway.execute("SET GLOBAL sql_mode = :modes", modes=before)
    assert source.problem == ""
    assert totals(source) == {
        ("2024-01-04", "search", "GPT-4"): (1, None),
        ("2024-01-04", "(unknown)", "gpt-4"): (1, None),
    }


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("VARCHAR(40) COLLATE utf8mb4_general_ci", ("GPT-4", "gpt-4", "café", "cafe")),
        ("VARCHAR(40) CHARACTER SET latin1", ("GPT-4", "gpt-4", "café")),
        ("VARCHAR(40) CHARACTER SET utf16", ("GPT-4", "gpt-4", "模型")),
        ("VARBINARY(40)", ("GPT-4", "gpt-4")),
        ("TEXT", ("GPT-4", "gpt-4", "x" * 250 + "A", "x" * 250 + "a")),
        ("LONGTEXT", ("GPT-4", "gpt-4")),
        ("ENUM('gpt-4', 'davinci')", ("gpt-4", "davinci")),
        ("JSON", ('"GPT-4"', '"gpt-4"')),
        ("INTEGER", ("4", "35")),
    ],
)
def test_names_stay_apart_in_every_kind_of_column(gateway, kind, names):
    gateway.execute(f"CREATE TABLE log (begun DATETIME, app VARCHAR(20), model {kind})")
    for name in (*names, *names):
        gateway.execute("INSERT INTO log VALUES ('2024-01-04 10:00', 'search', :name)", name=name)
    source = reader()
    poll(source, NOW)
    assert source.problem == ""
    assert totals(source) == {("2024-01-04", "search", name): (2, None) for name in names}


def test_bytes_that_are_no_text_are_told_in_hexadecimal(gateway):
    gateway.execute("CREATE TABLE log (begun DATETIME, app BINARY(4), model VARCHAR(20))")
    gateway.execute("INSERT INTO log VALUES ('2024-01-04 10:00', X'FF00AB01', 'gpt-4')")
    source = reader()
    poll(source, NOW)
    assert totals(source) == {("2024-01-04", "ff00ab01", "gpt-4"): (1, None)}


def test_a_test_shows_names_and_exact_sums_of_each_kind_of_number(gateway):
    gateway.execute(
        "CREATE TABLE log (begun TIMESTAMP(3), app VARCHAR(20), model VARCHAR(20), failed TINYINT(1),"
        " taken BIGINT UNSIGNED, price DOUBLE)"
    )
    gateway.execute(
        "INSERT INTO log VALUES ('2024-01-04 15:30', 'search', 'GPT-4', TRUE, 5000000000, 0.000000125)"
    )
    gateway.execute("INSERT INTO log VALUES ('2024-01-04 15:31', 'search', 'GPT-4', FALSE, 5000000000, 0.25)")
    found = preview(reader(columns=NAMED | {"errors": "failed", "input_tokens": "taken", "cost": "price"}), NOW)
    assert (found.problem, found.accepted) == ("", 1)
    (record,) = found.records
    assert record.at == datetime(2024, 1, 4, 10, tzinfo=UTC)
    assert (record.caller.consumer, record.called_as, record.calls, record.errors) == ("search", "GPT-4", 2, 1)
    assert (record.input_tokens, record.cost) == (10_000_000_000, 0.250000125)


@pytest.fixture
def restricted(gateway, monkeypatch) -> Iterator[Gateway]:
    """The source's user may read one view, some columns of one table, and nothing else."""
    gateway.execute("CREATE TABLE log (begun DATETIME, app VARCHAR(20), model VARCHAR(20), prompt TEXT)")
    gateway.execute("INSERT INTO log VALUES ('2024-01-04 10:00', 'search', 'GPT-4', 'my secret plan')")
    gateway.execute("CREATE VIEW calls AS SELECT begun, app, model FROM log")
    host = "localhost" if "unix_socket" in gateway.url.query else "%"
    gateway.execute(f"CREATE USER reader@'{host}' IDENTIFIED BY 'hunter2'")
    try:
        gateway.execute(f"GRANT SELECT ON gateway.calls TO reader@'{host}'")
        gateway.execute(f"GRANT SELECT (begun, app, model) ON gateway.log TO reader@'{host}'")
        monkeypatch.setenv("GATEWAY_DB", address(gateway, username="reader", password="hunter2"))
        yield gateway
    finally:
        gateway.execute(f"DROP USER reader@'{host}'")


@pytest.mark.parametrize("table", ["calls", "gateway.calls", "log"])
def test_a_user_that_may_read_a_view_or_some_columns_and_nothing_else_is_enough(restricted, table):
    source = reader(table=table)
    poll(source, NOW)
    assert (source.problem, totals(source)) == ("", {("2024-01-04", "search", "GPT-4"): (1, None)})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"table": "nothing"}, "There is no table nothing that this user may read"),
        ({"table": "mysql.user"}, "There is no table mysql.user that this user may read"),
        ({"table": "log", "columns": NAMED | {"tags": "prompt"}}, "no column prompt"),
        ({"preset": "litellm-spendlogs", "table": "log"}, "LiteLLM keeps this table in PostgreSQL"),
    ],
)
def test_what_this_user_may_not_read_is_told(restricted, config, words):
    source = reader(**config)
    poll(source, NOW)
    assert words in source.problem
    assert words in preview(source, NOW).problem


def test_a_wrong_password_is_told_in_the_words_of_the_server_and_not_repeated(restricted, monkeypatch):
    monkeypatch.setenv("GATEWAY_DB", address(restricted, username="reader", password="hunter3"))
    source = reader()
    poll(source, NOW)
    assert source.problem.startswith("The database answers: Access denied for user 'reader'@")
    assert "hunter" not in source.problem


def test_a_driver_that_is_not_installed_is_named(gateway, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    source = reader()
    poll(source, NOW)
    assert source.problem == "The package for mysql+pymysql is not installed; docs/sources.md names it"


def test_an_address_may_say_mysql_or_mariadb_without_a_driver(gateway, monkeypatch):
    gateway.execute("CREATE TABLE log (begun DATETIME, app VARCHAR(20), model VARCHAR(20))")
    gateway.execute("INSERT INTO log VALUES ('2024-01-04 10:00', 'search', 'gpt-4')")
    for scheme in ("mysql", "mariadb"):
        monkeypatch.setenv("GATEWAY_DB", address(gateway, drivername=scheme))
        source = reader(scheme)
        poll(source, NOW)
        assert (source.problem, calls(source)) == ("", 1)


def test_a_question_that_takes_too_long_is_given_up_there(gateway):
    pairs = ", ".join(f"information_schema.collations AS c{n}" for n in range(6))
    with poller.connect(address(gateway), 1) as connection, pytest.raises(SQLAlchemyError) as trouble:
        connection.execute(text_of(f"SELECT COUNT(*), MAX(CONCAT(c0.id, c5.id)) FROM {pairs}"))
    assert "max" in poller.error_text(trouble.value)


def test_the_gateway_may_alter_its_table_while_it_is_read(gateway):
    gateway.execute("CREATE TABLE log (begun DATETIME, app VARCHAR(20), model VARCHAR(20))")
    with poller.connect(address(gateway)) as connection, gateway.engine.begin() as own:
        connection.execute(text_of("SELECT COUNT(*) FROM log"))
        own.execute(text_of("SET lock_wait_timeout = 5"))
        own.execute(text_of("ALTER TABLE log ADD COLUMN more INTEGER"))


def test_a_server_that_cuts_the_connection_in_the_middle_is_read_on_exactly(gateway, monkeypatch):
    gateway.execute("CREATE TABLE log (begun DATETIME, app VARCHAR(20), model VARCHAR(20))")
    for hour in range(12):
        gateway.execute(f"INSERT INTO log VALUES ('2024-01-04 {hour:02}:20', 'search', 'gpt-4')")
    source = reader(since="2024-01-04")
    deliver, left = WindowCheckpointer.commit_span, [7]

    def cutting(*args, **kwargs):
        left[0] -= 1
        if not left[0]:
            with gateway.engine.connect() as connection:
                own = connection.execute(text_of("SELECT CONNECTION_ID()")).scalar_one()
                listed = connection.execute(text_of("SHOW PROCESSLIST")).mappings().all()
                for other in listed:
                    if other["db"] == "gateway" and other["Id"] != own:
                        connection.execute(text_of(f"KILL {other['Id']}"))
        return deliver(*args, **kwargs)

    monkeypatch.setattr(WindowCheckpointer, "commit_span", cutting)
    poll(source, NOW)
    assert source.problem.startswith("The database answers")
    assert 0 < calls(source) < 12
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 12)


def test_a_server_that_is_away_is_told_without_its_password(gateway, monkeypatch):
    monkeypatch.setenv("GATEWAY_DB", "mysql://reader:hunter2@127.0.0.1:1/gateway")
    source = reader()
    poll(source, NOW)
    assert source.problem.startswith("The database answers: Can't connect to MySQL server on '127.0.0.1'")
    assert "hunter2" not in source.problem
