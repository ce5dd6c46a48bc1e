"""Polls databases: one short statement per hour (or day), in which the database adds up the calls.

The hours of a recent window are read again with every poll and replaced, so calls that are written late count.
Prompts and responses are never read.
"""

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from threading import Timer
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from dashboard.usage.buckets import add_bucket_value
from dashboard.usage.connectors.base import ConnectorError, PollResult
from dashboard.usage.connectors.secrets import (
    FILE,
    Destination,
    SecretError,
    check_destinations,
    read_secret,
    variable_name,
)
from dashboard.usage.connectors.sql.introspection import ALIAS, decode_bytes
from dashboard.usage.connectors.sql.presets import Table, load_table
from dashboard.usage.connectors.sql.prisma import set_search_path, without_prisma
from dashboard.usage.connectors.sync_window import WindowCheckpointer, history_start
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import FIRST_HOUR, BucketValue, clean, last_hour

__all__ = ["connect", "connect_source", "database_hosts", "error_text", "poll_table", "query_bucket"]

STEPS = 240  # buckets per poll: a longer back-fill goes on with the next poll
MOST_ROWS = 50_000  # sums of one bucket
SECONDS = 30  # for one statement
CONNECT_SECONDS = 10
POLL_SECONDS = 600  # for a whole poll; the next one goes on
MOST_HOURS = 24 * 14
DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
MARGIN = 5  # seconds more than the server's own limit, so that its error arrives


def poll_table(source: Source, now: datetime) -> PollResult:
    """Read the buckets that are missing, and those of the recent window again.

    Each bucket commits with its checkpoint: a poll that fails or is killed keeps all buckets before it.
    """
    counts = Counts()
    problem = ""
    try:
        with connect_source(source.config) as connection:
            table = load_table(source.config, connection)
            checkpointer = WindowCheckpointer(source, table.name, now)
            ends_at = time.monotonic() + POLL_SECONDS
            for begin, end in _spans_to_read(table, checkpointer, now):
                if time.monotonic() > ends_at:
                    problem = problem or f"The database is slow: this poll ended after {POLL_SECONDS} seconds"
                    break
                values, accepted, wrong = query_bucket(connection, table, begin, end, now)
                finished = min(end, int(now.timestamp()) // table.step * table.step)
                counts += checkpointer.commit_span(values, (begin, finished), accepted, len(wrong))
                problem = problem or (f"{len(wrong)} sums were not understood: {wrong[0]}" if wrong else "")
            problem = problem or checkpointer.dimensions.overflow
    except (ConnectorError, SecretError) as error:
        return PollResult(counts, str(error))
    except SQLAlchemyError as error:
        return PollResult(counts, f"The database answers: {error_text(error)}")
    return PollResult(counts, problem)


def _spans_to_read(table: Table, checkpointer: WindowCheckpointer, now: datetime) -> Iterator[tuple[int, int]]:
    config = checkpointer.source.config
    window = config.get("window_hours") or table.window_hours
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MOST_HOURS:
        raise ConnectorError(f"window_hours must be a whole number from 1 to {MOST_HOURS}")
    first, until = history_start(config, now), int(now.timestamp())
    recent = checkpointer.recent(first, until, window * 3600, table.step, STEPS + window * 3600 // table.step)
    return chain(recent, checkpointer.history(first, table.step, STEPS))


def query_bucket(
    connection: Connection, table: Table, begin: int, end: int, now: datetime, most: int = MOST_ROWS + 1
) -> tuple[list[BucketValue], int, list[str]]:
    """The values of one bucket, from at most `most` rows; the number accepted, and what was wrong with others."""
    rows = connection.execute(text(table.query), table.bounds(begin, end) | {"most": most}).mappings()
    values: dict[tuple[str, int], BucketValue] = {}
    accepted, wrong = 0, []
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ConnectorError(f"More than {MOST_ROWS} sums in one bucket: leave a column out")
        try:
            fields = {name.removeprefix(ALIAS): decode_bytes(cell) for name, cell in row.items()}
            value = table.bucket_value(fields, begin)
            if value is not None and not FIRST_HOUR <= value.start // 3600 <= last_hour(now):
                raise ValueError("the time is before 2015 or more than two days ahead")  # noqa: TRY301
        except ValueError as problem:
            wrong.append(str(problem))
            continue
        if value is not None:
            add_bucket_value(values, value)
            accepted += 1
    return list(values.values()), accepted, wrong


def connect_source(config: Mapping[str, Any], seconds: int = SECONDS) -> AbstractContextManager[Connection]:
    """A connection as `connect` makes it, to a host that is listed for the variable. Also raises SecretError."""
    reference = config.get("url")
    address = read_secret(reference)
    check_destinations(variable_name(reference), database_hosts(_url(address)))
    return connect(address, seconds)


def database_hosts(url: URL) -> list[Destination]:
    """Every host that an address names, also among its parameters; FILE for files and sockets."""
    if url.get_backend_name() in {"sqlite", "duckdb"}:
        return [FILE]
    hosts = [url.host] if url.host else []
    for name in ("host", "hostaddr", "unix_socket"):
        given = url.query.get(name, ())
        hosts += [part for text in ((given,) if isinstance(given, str) else given) for part in text.split(",")]
    found = []
    for host in hosts:
        name, colon, number = host.rpartition(":")
        if host.startswith("/"):
            found.append(FILE)
        elif colon and number.isdigit() and ":" not in name:
            found.append(Destination(name, int(number)))
        else:
            found.append(Destination(host, url.port or PORTS.get(url.get_backend_name())))
    return found or [FILE]


@contextmanager
def connect(address: str, seconds: int = SECONDS) -> Iterator[Connection]:
    """A read-only connection, with a time limit of `seconds` per statement. Raises ConnectorError."""
    url, schema = without_prisma(_url(address))
    try:
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args=_arguments(url, seconds)
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise ConnectorError(
            f"The package for {url.drivername} is not installed; docs/sources.md names it"
        ) from None
    try:
        with _opened(engine) as connection, _deadline(connection):
            bounded = _bounded(connection, seconds)
            if schema:
                set_search_path(bounded, schema)
            yield bounded
    finally:
        engine.dispose()


def _arguments(url: URL, seconds: int) -> dict[str, Any]:
    """Arguments for the driver that are not in the address."""
    if url.get_backend_name() == "duckdb":
        return {"read_only": True}
    waits: dict[str, int] = {}  # drivers wait for ever unless told otherwise
    if url.drivername == "mysql+pymysql":
        waits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": seconds + MARGIN, "write_timeout": seconds}
    elif url.drivername == "postgresql+psycopg":
        waits = {"connect_timeout": CONNECT_SECONDS}
    return {name: wait for name, wait in waits.items() if name not in url.query}


@contextmanager
def _deadline(connection: Connection) -> Iterator[None]:
    """End a PostgreSQL connection whose server falls silent: the server's own time limit cannot do it then.

    psycopg has no time limit for reading, so a timer shuts the socket down somewhat after `POLL_SECONDS`.
    """
    raw = connection.connection.driver_connection
    if connection.dialect.driver != "psycopg" or raw is None:
        yield
        return
    with socket.socket(fileno=os.dup(raw.fileno())) as own:

        def expire() -> None:
            with suppress(OSError):  # it is closed already
                own.shutdown(socket.SHUT_RDWR)

        timer = Timer(POLL_SECONDS + SECONDS + MARGIN, expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _opened(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except RuntimeError as trouble:  # PyMySQL, when a kind of password needs a package that is not there
        raise ConnectorError(f"The driver {engine.url.drivername} answers: {clean(trouble, 300)}") from None


def _bounded(connection: Connection, seconds: int) -> Connection:
    """Make the session read-only, in UTC, with a time limit per statement."""
    dialect = connection.dialect
    if dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
        connection.execute(text(f"SET statement_timeout = {seconds * 1000}"))
        connection.execute(text("SET TIME ZONE 'UTC'"))
    elif isinstance(dialect, MySQLDialect):
        # No transaction around all statements: it would keep the gateway from altering its table meanwhile.
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        limit = (
            f"max_statement_time = {seconds}" if dialect.is_mariadb else f"max_execution_time = {seconds * 1000}"
        )
        connection.execute(text(f"SET SESSION {limit}"))
        connection.execute(text("SET SESSION time_zone = '+00:00'"))
        connection.execute(text("SET SESSION TRANSACTION READ ONLY"))
    elif dialect.name == "duckdb":
        connection.execute(text("SET TimeZone = 'UTC'"))
    elif dialect.name == "sqlite":
        connection.execute(text("PRAGMA query_only = ON"))
        _set_sqlite_timeout(seconds, connection)
    return connection


def _set_sqlite_timeout(seconds: int, connection: Connection) -> None:
    """SQLite has no timeout: its progress handler ends a statement that takes too long."""
    begun = [time.monotonic()]
    raw = connection.connection.driver_connection
    raw.set_progress_handler(lambda: time.monotonic() - begun[0] > seconds, 100_000)  # type: ignore[union-attr]
    raw.set_trace_callback(lambda _statement: begun.__setitem__(0, time.monotonic()))  # type: ignore[union-attr]


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise ConnectorError(
            "The variable holds no database address such as postgresql://user@host/name"
        ) from None
    if url.drivername in DRIVERS:
        url = url.set(drivername=DRIVERS[url.drivername])
    if url.get_backend_name() in {"sqlite", "duckdb"} and not (url.database and Path(url.database).is_file()):
        raise ConnectorError("There is no such database file")
    return url


def error_text(trouble: SQLAlchemyError) -> str:
    """The first line of a database's error, which has no values of rows in it."""
    error = getattr(trouble, "orig", None)
    match getattr(error, "args", ()):
        case (int(), str(message), *_):  # MySQL's drivers put a number before the message
            error = message
    lines = str(error or type(trouble).__name__).strip().splitlines()
    return clean(lines[0] if lines else type(trouble).__name__, 300)
