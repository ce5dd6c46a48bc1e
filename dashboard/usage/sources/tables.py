"""What is asked of a database: LiteLLM's tables by preset, any other table by naming its columns.

A query is written out of names that the database itself lists for the table, quoted its way; what comes from
the configuration is compared with them and never pasted in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import Date, DateTime, Integer, Numeric, String

from dashboard.usage.formats import litellm
from dashboard.usage.formats.aggregated import amount, count
from dashboard.usage.formats.litellm_daily import ENTITIES, LiteLLMDaily
from dashboard.usage.readings import DAY, HOUR, digest
from dashboard.usage.records import INTERNAL, UNKNOWN, Called, Caller, Reading, clean
from dashboard.usage.sources.delivery import DeliveryError

__all__ = ["PRESETS", "Table", "table_of"]

Row = dict[str, Any]
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens")
WHO = ("application", "team", "key_alias", "tags", "service", "user_agent")
WHAT = ("platform", "model", "endpoint")
PRESETS = {"litellm-spendlogs": "LiteLLM_SpendLogs", "litellm-daily": "LiteLLM_DailyTeamSpend"}


@dataclass(frozen=True)
class Table:
    """A question per bucket of `step` seconds: `query` takes the `bounds` of one and `most`, the limit of rows."""

    name: str
    query: str
    step: int
    window_hours: int
    bounds: Callable[[int, int], dict[str, Any]]
    reading: Callable[[Row, int], Reading | None]


class _Columns:
    """A table as the database lists it."""

    def __init__(self, connection: Connection, name: str) -> None:
        schema, _, table = name.rpartition(".")
        try:
            listed = inspect(connection).get_columns(table, schema=schema or None)
        except NoSuchTableError:
            raise DeliveryError(f"There is no table {clean(name, 100)} that this user may read") from None
        self.types = {column["name"]: column["type"] for column in listed}
        self.dialect = connection.dialect.name
        self._quote = connection.dialect.identifier_preparer.quote_identifier
        self.table = ".".join(self._quote(part) for part in (schema, table) if part)

    def __contains__(self, name: str) -> bool:
        return name in self.types

    def quoted(self, name: str) -> str:
        if name not in self.types:
            raise DeliveryError(f"The table has no column {clean(name, 100)}")
        return self._quote(name).replace(":", "\\:")  # a colon would begin a parameter

    def times(self, name: str, unit: str, wanted: object) -> tuple[str, int, Callable[[int, int], dict[str, Any]]]:
        """How to compare this column: the expression, the width of a bucket, what its bounds are."""
        kind, column = self.types.get(name), self.quoted(name)
        step = DAY if wanted == "day" or isinstance(kind, Date | String) else HOUR
        if isinstance(kind, Integer | Numeric):
            factor = 1000 if unit == "ms" else 1
            return column, step, lambda begin, end: {"begin": begin * factor, "end": end * factor}
        if isinstance(kind, Date | String):
            is_text = isinstance(kind, String) or self.dialect == "sqlite"
            return column, DAY, lambda *span: dict(zip(("begin", "end"), map(_day(is_text), span), strict=True))
        if not isinstance(kind, DateTime):
            raise DeliveryError(f"The column {clean(name, 100)} is no time")
        if self.dialect == "sqlite":  # times are text there, in whichever spelling they were stored
            return f"datetime({column})", step, lambda b, e: {"begin": f"{_at(b)}", "end": f"{_at(e)}"}
        return column, step, lambda begin, end: {"begin": _at(begin), "end": _at(end)}


def table_of(config: Mapping[str, Any], connection: Connection) -> Table:
    """The table that a source's configuration names, as it is in the database now. Raises DeliveryError."""
    preset = config.get("preset")
    if preset and preset not in PRESETS:
        raise DeliveryError(f"preset must be one of {', '.join(PRESETS)}")
    name = str(config.get("table") or PRESETS.get(str(preset), ""))
    if not name:
        raise DeliveryError("Name a preset, or a table and its columns")
    columns = _Columns(connection, name)
    if preset == "litellm-spendlogs":
        return _spend_logs(name, columns)
    if preset == "litellm-daily":
        return _daily(name, columns)
    return _generic(name, columns, config)


def _spend_logs(name: str, columns: _Columns) -> Table:
    """Columns came over the years; those that are missing are not asked for, bodies never are."""

    def has(column: str, otherwise: str = "NULL") -> str:
        return columns.quoted(column) if column in columns else otherwise

    told = columns.quoted("metadata")
    failed = f"COALESCE({has('status')}, {told} ->> 'status') = 'failure'"
    code = f"{told} -> 'error_information' ->> 'error_code'"
    refused = f"COALESCE({told} -> 'error_information' ->> 'error_class', '')"
    groups = {
        "team_alias": f"{told} ->> 'user_api_key_team_alias'",
        "team": f"COALESCE(NULLIF({has('team_id')}, ''), {told} ->> 'user_api_key_team_id')",
        "alias": f"{told} ->> 'user_api_key_alias'",
        "origin": f"{told} ->> 'internal_call_origin'",
        "api_key": columns.quoted("api_key"),
        "model": columns.quoted("model"),
        "provider": has("custom_llm_provider"),
        "call_type": columns.quoted("call_type"),
        "tags": f"CAST({has('request_tags')} AS TEXT)",
    }
    sums = {
        "calls": "COUNT(*)",
        "errors": f"SUM(CASE WHEN {failed} THEN 1 ELSE 0 END)",
        "gone": f"SUM(CASE WHEN {failed} AND {code} IN ('404', '410')"
        f" AND {refused} <> 'ProxyModelNotFoundError' THEN 1 ELSE 0 END)",
        "input_tokens": f"SUM({columns.quoted('prompt_tokens')})",
        "output_tokens": f"SUM({columns.quoted('completion_tokens')})",
        "cost": f"SUM({columns.quoted('spend')})",
    }
    when, step, bounds = columns.times("startTime", "", "hour")
    tool = has("mcp_namespaced_tool_name", "''")
    query = _query(columns.table, groups, sums, when, f" AND COALESCE({tool}, '') = ''")

    def reading(row: Row, begin: int) -> Reading | None:
        if not litellm.is_call(_text(row["call_type"])):
            return None
        alias, key_hash, tags = _text(row["alias"]), _text(row["api_key"]), _text(row["tags"]).encode()
        return Reading(
            digest(*(_text(row[column]) for column in groups)),
            begin,
            step,
            litellm.caller(
                _text(row["team_alias"]),
                _text(row["team"]),
                alias,
                key_hash,
                tags,
                None,
                internal=bool(row["origin"]),
            ),
            litellm.called(_text(row["model"]), _text(row["provider"]), _text(row["call_type"]), ""),
            _measures(row),
        )

    return Table(name, query, step, 3, bounds, reading)


def _daily(name: str, columns: _Columns) -> Table:
    """One of the daily tables; `LiteLLMDaily` reads its rows as it reads those of a file."""
    called = ("model", "custom_llm_provider", "mcp_namespaced_tool_name", "endpoint")
    keys = ("date", *ENTITIES, "api_key", *called)
    groups = {key: columns.quoted(key) for key in keys if key in columns}
    summed = ("api_requests", "failed_requests", "prompt_tokens", "completion_tokens", "spend")
    sums = {column: f"SUM({columns.quoted(column)})" for column in summed}
    if "tag" in columns:
        raise DeliveryError("The Tag table counts a call once per tag: choose another of the daily tables")
    when, step, bounds = columns.times("date", "", "day")
    reader = LiteLLMDaily()

    def reading(row: Row, _begin: int) -> Reading | None:
        return reader.reading({column: _plain(value) for column, value in row.items()})

    return Table(name, _query(columns.table, groups, sums, when), step, 72, bounds, reading)


def _generic(name: str, columns: _Columns, config: Mapping[str, Any]) -> Table:
    """Any table: `columns` names, for our fields, its columns; without `calls` each row is one."""
    named = config.get("columns")
    if not isinstance(named, dict) or not {"time", "model"} <= named.keys():
        raise DeliveryError("columns must name at least the time and the model")
    known = {"time", "status", "cost", *MEASURES, *WHO, *WHAT}
    if unknown := sorted(map(str, named.keys() - known)):
        raise DeliveryError(f"columns may name {', '.join(sorted(known))}; not {clean(unknown[0], 60)}")
    quoted = {field: columns.quoted(str(column)) for field, column in named.items()}
    groups = {field: quoted[field] for field in (*WHO, *WHAT) if field in quoted}
    sums = {field: f"SUM({quoted[field]})" for field in (*MEASURES, "cost") if field in quoted}
    sums.setdefault("calls", "COUNT(*)")
    if "status" in quoted:
        sums.setdefault("errors", f"SUM(CASE WHEN {quoted['status']} >= 400 THEN 1 ELSE 0 END)")
        sums.setdefault("gone", f"SUM(CASE WHEN {quoted['status']} IN (404, 410) THEN 1 ELSE 0 END)")
    unit = str(config.get("time_unit") or "")
    when, step, bounds = columns.times(str(named["time"]), unit, config.get("bucket"))

    def reading(row: Row, begin: int) -> Reading:
        told = {field: _text(row.get(field)) for field in (*WHO, *WHAT)}
        consumer = clean(told["application"] or told["team"] or told["key_alias"] or told["service"], 200)
        return Reading(
            digest(*(told[field] for field in (*WHO, *WHAT))),
            begin,
            step,
            Caller(
                consumer or UNKNOWN,
                clean(told["team"], 200),
                clean(told["key_alias"], 200),
                clean(told["tags"], 500),
                clean(told["service"], 200),
                clean(told["user_agent"], 200),
                internal=consumer == INTERNAL,
            ),
            Called(clean(told["platform"], 60), clean(told["model"], 300), clean(told["endpoint"], 100)),
            _measures(row),
        )

    window = 72 if step == DAY else 3
    return Table(name, _query(columns.table, groups, sums, when), step, window, bounds, reading)


def _query(table: str, groups: Mapping[str, str], sums: Mapping[str, str], when: str, also: str = "") -> str:
    chosen = ", ".join(f'{expression} AS "{name}"' for name, expression in {**groups, **sums}.items())
    grouped = ", ".join(str(number) for number in range(1, len(groups) + 1))
    return (
        f"SELECT {chosen} FROM {table} WHERE {when} >= :begin AND {when} < :end{also}"  # noqa: S608  quoted names
        f" GROUP BY {grouped} LIMIT :most"
    )


def _measures(row: Row) -> tuple[int | None, ...]:
    counts = (count(_plain(row.get(name)), name) for name in MEASURES)
    return (*counts, amount(_plain(row.get("cost")), "cost"))


def _plain(value: Any) -> Any:
    """Sums come as decimals from some databases."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _at(seconds: int) -> datetime:
    """Zone-less UTC: the session's time zone is UTC, too."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _day(is_text: bool) -> Callable[[int], Any]:
    return lambda seconds: f"{_at(seconds):%Y-%m-%d}" if is_text else _at(seconds).date()
