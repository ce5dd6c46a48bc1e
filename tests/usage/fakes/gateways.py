"""A gateway's table in each of the databases that are promised, made and filled in one way."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, MetaData, NullPool, Table, create_engine, make_url, text

from tests.services import mysql, postgres

__all__ = ["ALL", "Gateway", "mysql_server", "opened", "postgres_server"]

ALL = ("sqlite", "duckdb", "postgresql", "mysql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running() as url:
        yield url.replace("postgres://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[str]:
    """Its clock is not in UTC, and it groups as strictly as a fresh MySQL does."""
    if reason := mysql.missing():
        pytest.skip(reason)
    with mysql.running() as address:
        engine = create_engine(address, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("SET GLOBAL time_zone = '+05:30'"))
            connection.execute(text("SET GLOBAL sql_mode = 'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES'"))
            connection.execute(text("DROP DATABASE IF EXISTS gateway"))
            connection.execute(text("CREATE DATABASE gateway CHARACTER SET utf8mb4"))
        yield make_url(address).set(database="gateway").render_as_string(hide_password=False)
        with engine.begin() as connection:
            connection.execute(text("DROP DATABASE gateway"))


class Gateway:
    """One database; no connection stays open, as a DuckDB that is written to cannot be read."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = create_engine(url, poolclass=NullPool)
        self.made = MetaData()

    @property
    def name(self) -> str:
        return self.engine.dialect.name

    def table(self, name: str, *columns) -> Table:
        table = Table(name, self.made, *columns)
        table.create(self.engine)
        return table

    def add(self, table: Table, *rows: dict) -> None:
        with self.engine.begin() as connection:
            for row in rows:
                connection.execute(table.insert(), row)

    def execute(self, statement: str, **values: object) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(statement), values)


@contextmanager
def opened(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Gateway]:
    """A database of this kind without tables, and without any again afterwards."""
    if kind in {"sqlite", "duckdb"}:
        url = f"{kind}:///{folder / 'gateway.db'}"
    else:
        url = request.getfixturevalue("postgres_server" if kind == "postgresql" else "mysql_server")
    gateway = Gateway(make_url(url))
    if kind == "mysql":
        with gateway.engine.begin() as connection:
            connection.execute(text("DROP DATABASE gateway"))
            connection.execute(text("CREATE DATABASE gateway CHARACTER SET utf8mb4"))
    try:
        yield gateway
    finally:
        gateway.made.drop_all(gateway.engine)
        gateway.engine.dispose()
