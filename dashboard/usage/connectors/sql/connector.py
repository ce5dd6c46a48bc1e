"""Databases: a gateway's own tables, or any table whose columns are named.

The sums are made there, one short question per hour (or day), and nothing that was said is asked for. Hours
of a recent window are asked for again with every poll and replaced, so calls that are written late count.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from dashboard.usage.buckets import add_bucket_value
from dashboard.usage.connectors.secrets import SecretError, read_secret
from dashboard.usage.connectors.sql.introspection import ALIAS, decode_bytes
from dashboard.usage.connectors.sql.presets import Table, load_table
from dashboard.usage.connectors.sync_window import ConnectorError, WindowCheckpointer, history_start
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import FIRST_HOUR, BucketValue, clean, last_hour

__all__ = ["connect", "error_text", "query_bucket", "read"]

STEPS = 240  # buckets per poll: a longer back-fill goes on with the next poll
MOST_ROWS = 50_000  # sums of one bucket
SECONDS = 30  # for one question
CONNECT_SECONDS = 10
MOST_HOURS = 24 * 14
DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
MARGIN = 5  # seconds that a server has to say that it gave up, before nobody listens any more


def read(source: Source, now: datetime) -> tuple[Counts, str]:
    """Ask for what is missing and for the window; what counted, and the problem there was ("" for none).

    Each bucket commits with its checkpoint: a poll that fails or is killed loses none before it.
    """
    counts = Counts()
    problem = ""
    try:
        with connect(read_secret(source.config.get("url"))) as connection:
            table = load_table(source.config, connection)
            place = WindowCheckpointer(source, table.name, now)
            for begin, end in _steps(table, place, now):
                readings, accepted, wrong = query_bucket(connection, table, begin, end, now)
                finished = min(end, int(now.timestamp()) // table.step * table.step)
                counts += place.commit_span(readings, (begin, finished), accepted, len(wrong))
                problem = problem or (f"{len(wrong)} sums were not understood: {wrong[0]}" if wrong else "")
            problem = problem or place.dimensions.overflow
    except (ConnectorError, SecretError) as trouble:
        return counts, str(trouble)
    except SQLAlchemyError as trouble:
        return counts, f"The database answers: {error_text(trouble)}"
    return counts, problem


def _steps(table: Table, place: WindowCheckpointer, now: datetime) -> Iterator[tuple[int, int]]:
    window = place.source.config.get("window_hours") or table.window_hours
    if isinstance(window, bool) or not isinstance(window, int) or not 1 <= window <= MOST_HOURS:
        raise ConnectorError(f"window_hours must be a whole number from 1 to {MOST_HOURS}")
    first, until = history_start(place.source.config, now), int(now.timestamp())
    recent = place.recent(first, until, window * 3600, table.step, STEPS + window * 3600 // table.step)
    return chain(recent, place.history(first, table.step, STEPS))


def query_bucket(
    connection: Connection, table: Table, begin: int, end: int, now: datetime, most: int = MOST_ROWS + 1
) -> tuple[list[BucketValue], int, list[str]]:
    """The readings of one bucket, from at most `most` rows; how many those were, what was wrong with others."""
    rows = connection.execute(text(table.query), table.bounds(begin, end) | {"most": most}).mappings()
    told: dict[tuple[str, int], BucketValue] = {}
    accepted, wrong = 0, []
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ConnectorError(f"More than {MOST_ROWS} sums in one bucket: leave a column out")
        try:
            fields = {name.removeprefix(ALIAS): decode_bytes(value) for name, value in row.items()}
            reading = table.bucket_value(fields, begin)
            if reading is not None and not FIRST_HOUR <= reading.start // 3600 <= last_hour(now):
                raise ValueError("the time is before 2015 or more than two days ahead")  # noqa: TRY301
        except ValueError as problem:
            wrong.append(str(problem))
            continue
        if reading is not None:
            add_bucket_value(told, reading)
            accepted += 1
    return list(told.values()), accepted, wrong


@contextmanager
def connect(address: str, seconds: int = SECONDS) -> Iterator[Connection]:
    """A connection that can only read, and gives up on a question that takes longer than `seconds`."""
    url = _url(address)
    try:
        engine = create_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args=_arguments(url, seconds)
        )
    except (NoSuchModuleError, ModuleNotFoundError):
        raise ConnectorError(
            f"The package for {url.drivername} is not installed; docs/sources.md names it"
        ) from None
    try:
        with _opened(engine) as connection:
            yield _bounded(connection, seconds)
    finally:
        engine.dispose()


def _arguments(url: URL, seconds: int) -> dict[str, Any]:
    """What a driver is told, beside the address, before it connects."""
    if url.get_backend_name() == "duckdb":
        return {"read_only": True}
    if url.drivername == "mysql+pymysql":  # which would wait for ever for a server that is silent
        waits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": seconds + MARGIN, "write_timeout": seconds}
        return {name: wait for name, wait in waits.items() if name not in url.query}
    return {}


def _opened(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except RuntimeError as trouble:  # PyMySQL, when a kind of password needs a package that is not there
        raise ConnectorError(f"The driver {engine.url.drivername} answers: {clean(trouble, 300)}") from None


def _bounded(connection: Connection, seconds: int) -> Connection:
    """The connection, told to read only, in UTC, and to give up."""
    dialect = connection.dialect
    if dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
        connection.execute(text(f"SET statement_timeout = {seconds * 1000}"))
        connection.execute(text("SET TIME ZONE 'UTC'"))
    elif isinstance(dialect, MySQLDialect):
        # No transaction around all questions: it would keep the gateway from altering its table meanwhile.
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
        _give_up_after(seconds, connection)
    return connection


def _give_up_after(seconds: int, connection: Connection) -> None:
    """SQLite knows no timeout: what it calls every so often tells whether to go on, afresh for each question."""
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
    """What the database says, in one line: its first, which tells the matter and no values."""
    said = getattr(trouble, "orig", None)
    match getattr(said, "args", ()):
        case (int(), str(words), *_):  # MySQL's drivers put a number before what is said
            said = words
    lines = str(said or type(trouble).__name__).strip().splitlines()
    return clean(lines[0] if lines else type(trouble).__name__, 300)
