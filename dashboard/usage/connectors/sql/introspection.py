"""A table as the database lists it, and SELECT statements made of the names that are listed.

Names from a configuration are compared with that list and never pasted into a statement. Aliases begin with `s_`:
some databases mix up an alias and a column of the same name within one statement.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy import text as text_of
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.exc import DBAPIError, NoSuchTableError
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, NullType, Numeric, String, TypeEngine

from dashboard.usage.buckets import DAY, HOUR
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.formats.aggregated import parse_cost, parse_count
from dashboard.usage.records import BucketValue, clean

__all__ = [
    "ALIAS",
    "MEASURES",
    "Columns",
    "Row",
    "Table",
    "TimeColumn",
    "bucket_query",
    "decode_bytes",
    "measures",
    "plain_number",
    "text_value",
]

Row = dict[str, Any]
ALIAS = "s_"
NOT_THERE = {1044, 1049, 1142, 1143, 1146}  # MySQL: no such database or table, or none for this user
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens")


@dataclass(frozen=True)
class Table:
    """A statement per bucket of `step` seconds: `query` takes its `bounds` and `most`, the limit of rows."""

    name: str
    query: str
    step: int
    window_hours: int
    bounds: Callable[[int, int], dict[str, Any]]
    bucket_value: Callable[[Row, int], BucketValue | None]


class Columns:
    """A table as the database lists it."""

    def __init__(self, connection: Connection, name: str) -> None:
        schema, _, table = name.rpartition(".")
        self.dialect = connection.dialect.name
        self.is_mysql = isinstance(connection.dialect, MySQLDialect)
        self._quote = connection.dialect.identifier_preparer.quote_identifier
        self.table = ".".join(self._named(part) for part in (schema, table) if part)
        try:
            self.types = self._described(connection) if self.is_mysql else _listed(connection, table, schema)
        except NoSuchTableError:
            raise ConnectorError(f"There is no table {clean(name, 100)} that this user may read") from None

    def _described(self, connection: Connection) -> dict[str, TypeEngine[Any]]:
        """MySQL describes the columns of a view to every reader of it, but not how it was made."""
        known = connection.dialect.ischema_names  # type: ignore[attr-defined]
        try:
            rows = connection.execute(text_of(f"DESCRIBE {self.table}")).all()
        except DBAPIError as trouble:
            if getattr(trouble.orig, "args", (0,))[0] in NOT_THERE:
                raise NoSuchTableError from None
            raise
        kinds = {str(row[0]): re.split(r"\W", str(row[1]), maxsplit=1)[0].lower() for row in rows}
        return {name: known.get(kind, NullType)() for name, kind in kinds.items()}

    def __contains__(self, name: str) -> bool:
        return name in self.types

    def quoted(self, name: str) -> str:
        if name not in self.types:
            raise ConnectorError(f"The table has no column {clean(name, 100)}")
        return self._named(name)

    def _named(self, part: str) -> str:
        """A quoted name: SQLAlchemy doubles percents later, and a colon would begin a parameter."""
        return self._quote(part.replace("%", "\0")).replace("\0", "%").replace(":", "\\:")

    def key(self, name: str) -> str:
        """A column to group by, compared byte for byte whatever its collation."""
        column, kind = self.quoted(name), self.types[name]
        if self.is_mysql and isinstance(kind, String | JSON):
            return f"CAST(CONVERT({column} USING utf8mb4) AS BINARY)"
        return f"{column} COLLATE BINARY" if self.dialect == "sqlite" else column

    def total(self, name: str) -> str:
        """The sum of a column; of a boolean column, how often it is true."""
        column = self.quoted(name)
        if isinstance(self.types[name], Boolean):
            column = f"CASE WHEN {column} THEN 1 WHEN NOT {column} THEN 0 END"
        return f"SUM({column})"

    def times(self, name: str, unit: str, wanted: object) -> "TimeColumn":
        """How to compare this column, and the width of a bucket."""
        kind, column = self.types.get(name), self.quoted(name)
        step = DAY if wanted == "day" or isinstance(kind, Date | String) else HOUR
        if isinstance(kind, Integer | Numeric):
            factor = 1000 if unit == "ms" else 1
            return TimeColumn(column, step, lambda begin, end: {"begin": begin * factor, "end": end * factor})
        if isinstance(kind, DateTime) and self.is_clickhouse:
            # Its times have the zone of the server: an instant has none.
            instants = "toDateTime({}, 'UTC')"
            return TimeColumn(column, step, lambda begin, end: {"begin": begin, "end": end}, instants)
        if isinstance(kind, Date | String):
            is_text = isinstance(kind, String) or self.dialect == "sqlite"
            return TimeColumn(
                column, DAY, lambda *span: dict(zip(("begin", "end"), map(_day(is_text), span), strict=True))
            )
        if not isinstance(kind, DateTime):
            raise ConnectorError(f"The column {clean(name, 100)} is no time")
        if self.dialect == "sqlite":  # times are text there, in whichever spelling they were stored
            return TimeColumn(f"datetime({column})", step, lambda b, e: {"begin": f"{_at(b)}", "end": f"{_at(e)}"})
        return TimeColumn(column, step, lambda begin, end: {"begin": _at(begin), "end": _at(end)})

    @property
    def is_clickhouse(self) -> bool:
        return self.dialect.startswith("clickhouse")


@dataclass(frozen=True)
class TimeColumn:
    """What is compared with the bounds of a bucket of `step` seconds; `instant` is written around each bound."""

    column: str
    step: int
    bounds: Callable[[int, int], dict[str, Any]]
    instant: str = "{}"

    @property
    def between(self) -> str:
        begin, end = self.instant.format(":begin"), self.instant.format(":end")
        return f"{self.column} >= {begin} AND {self.column} < {end}"


def bucket_query(
    table: str, groups: Mapping[str, str], sums: Mapping[str, str], times: TimeColumn, also: str = ""
) -> str:
    """The statement for one bucket: `groups` and `sums` are SQL expressions by the name of the field they fill."""
    chosen = ", ".join(f'{expression} AS "{ALIAS}{name}"' for name, expression in {**groups, **sums}.items())
    grouped = ", ".join(str(number) for number in range(1, len(groups) + 1))
    return (
        f"SELECT {chosen} FROM {table} WHERE {times.between}{also}"  # noqa: S608  quoted names
        f" GROUP BY {grouped} LIMIT :most"
    )


def _listed(connection: Connection, table: str, schema: str) -> dict[str, TypeEngine[Any]]:
    columns = inspect(connection).get_columns(table, schema=schema or None)
    return {column["name"]: column["type"] for column in columns}


def decode_bytes(value: Any) -> Any:
    """Bytes as text, or in hexadecimal when they are none."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def measures(row: Row) -> tuple[int | None, ...]:
    counts = (parse_count(plain_number(row.get(name)), name) for name in MEASURES)
    return (*counts, parse_cost(plain_number(row.get("cost")), "cost"))


def plain_number(value: Any) -> Any:
    """A number of Python: some databases return sums as decimals."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    return value


def text_value(value: Any) -> str:
    return "" if value is None else str(value)


def _at(seconds: int) -> datetime:
    """Zone-less UTC: the session's time zone is UTC, too."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _day(is_text: bool) -> Callable[[int], Any]:
    return lambda seconds: f"{_at(seconds):%Y-%m-%d}" if is_text else _at(seconds).date()
