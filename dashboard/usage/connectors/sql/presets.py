"""The queries to a database: a gateway's own tables by preset, any other table by the names of its columns."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from dashboard.usage.buckets import DAY, key_digest
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.sql import clickhouse_presets
from dashboard.usage.connectors.sql.connector import PRESETS, check_preset
from dashboard.usage.connectors.sql.introspection import (
    MEASURES,
    Columns,
    Row,
    Table,
    bucket_query,
    measures,
    plain_number,
    text_value,
)
from dashboard.usage.formats.litellm import common as litellm
from dashboard.usage.formats.litellm.daily import ENTITIES, LiteLLMDaily
from dashboard.usage.records import INTERNAL, UNKNOWN, BucketValue, Called, Caller, clean

__all__ = ["Table", "load_table"]

WHO = ("application", "team", "key_alias", "tags", "service", "user_agent")
WHAT = ("platform", "model", "endpoint")


def load_table(config: Mapping[str, Any], connection: Connection) -> Table:
    """The table that a configuration names, as the database lists it now. Raises ConnectorError."""
    preset = config.get("preset")
    check_preset(preset)
    name = str(config.get("table") or PRESETS.get(str(preset), ""))
    if not name:
        raise ConnectorError("Name a preset, or a table and its columns")
    columns = Columns(connection, name)
    if preset == "litellm-spendlogs":
        return _spend_logs(name, columns)
    if preset == "litellm-daily":
        return _daily(name, columns)
    if preset == "langfuse":
        return clickhouse_presets.langfuse_table(name, columns)
    if preset == "helicone":
        return clickhouse_presets.helicone_table(name, columns)
    return _generic(name, columns, config)


def _spend_logs(name: str, columns: Columns) -> Table:
    """LiteLLM's spend logs. Columns that an older version lacks are left out; message bodies are never read."""
    if columns.is_mysql:
        raise ConnectorError("LiteLLM keeps this table in PostgreSQL: name the columns of any other table")

    def column_or(column: str, otherwise: str = "NULL") -> str:
        return columns.quoted(column) if column in columns else otherwise

    metadata = columns.quoted("metadata")
    failed = f"COALESCE({column_or('status')}, {metadata} ->> 'status') = 'failure'"
    code = f"{metadata} -> 'error_information' ->> 'error_code'"
    error_class = f"COALESCE({metadata} -> 'error_information' ->> 'error_class', '')"
    groups = {
        "team_alias": f"{metadata} ->> 'user_api_key_team_alias'",
        "team": f"COALESCE(NULLIF({column_or('team_id')}, ''), {metadata} ->> 'user_api_key_team_id')",
        "alias": f"{metadata} ->> 'user_api_key_alias'",
        "origin": f"{metadata} ->> 'internal_call_origin'",
        "api_key": columns.quoted("api_key"),
        "model": columns.quoted("model"),
        "provider": column_or("custom_llm_provider"),
        "call_type": columns.quoted("call_type"),
        "tags": f"CAST({column_or('request_tags')} AS TEXT)",
    }
    sums = {
        "calls": "COUNT(*)",
        "errors": f"SUM(CASE WHEN {failed} THEN 1 ELSE 0 END)",
        "gone": f"SUM(CASE WHEN {failed} AND {code} IN ('404', '410')"
        f" AND {error_class} <> 'ProxyModelNotFoundError' THEN 1 ELSE 0 END)",
        "input_tokens": f"SUM({columns.quoted('prompt_tokens')})",
        "output_tokens": f"SUM({columns.quoted('completion_tokens')})",
        "cost": f"SUM({columns.quoted('spend')})",
    }
    times = columns.times("startTime", "", "hour")
    tool = column_or("mcp_namespaced_tool_name", "''")
    statement = bucket_query(columns.table, groups, sums, times, f" AND COALESCE({tool}, '') = ''")

    def bucket_value(row: Row, begin: int) -> BucketValue | None:
        if not litellm.is_call(text_value(row["call_type"])):
            return None
        alias, key_hash, tags = (
            text_value(row["alias"]),
            text_value(row["api_key"]),
            text_value(row["tags"]).encode(),
        )
        return BucketValue(
            key_digest(*(text_value(row[column]) for column in groups)),
            begin,
            times.step,
            litellm.caller(
                text_value(row["team_alias"]),
                text_value(row["team"]),
                alias,
                key_hash,
                tags,
                None,
                internal=bool(row["origin"]),
            ),
            litellm.called(
                text_value(row["model"]), text_value(row["provider"]), text_value(row["call_type"]), ""
            ),
            measures(row),
        )

    return Table(name, statement, times.step, 3, times.bounds, bucket_value)


def _daily(name: str, columns: Columns) -> Table:
    """One of the daily tables; `LiteLLMDaily` reads its rows as it reads those of a file."""
    called = ("model", "custom_llm_provider", "mcp_namespaced_tool_name", "endpoint")
    keys = ("date", *ENTITIES, "api_key", *called)
    groups = {key: columns.key(key) for key in keys if key in columns}
    summed = ("api_requests", "failed_requests", "prompt_tokens", "completion_tokens", "spend")
    sums = {column: f"SUM({columns.quoted(column)})" for column in summed}
    if "tag" in columns:
        raise ConnectorError("The Tag table counts a call once per tag: choose another of the daily tables")
    times = columns.times("date", "", "day")
    reader = LiteLLMDaily()

    def bucket_value(row: Row, _begin: int) -> BucketValue | None:
        return reader.bucket_value({column: plain_number(value) for column, value in row.items()})

    return Table(
        name, bucket_query(columns.table, groups, sums, times), times.step, 72, times.bounds, bucket_value
    )


def _generic(name: str, columns: Columns, config: Mapping[str, Any]) -> Table:
    """Any table: `columns` maps our fields to its columns; without `calls` each row is one call."""
    named = config.get("columns")
    if not isinstance(named, dict) or not {"time", "model"} <= named.keys():
        raise ConnectorError("columns must name at least the time and the model")
    known = {"time", "status", "cost", *MEASURES, *WHO, *WHAT}
    if unknown := sorted(map(str, named.keys() - known)):
        raise ConnectorError(f"columns may name {', '.join(sorted(known))}; not {clean(unknown[0], 60)}")
    quoted = {field: columns.quoted(str(column)) for field, column in named.items()}
    groups = {field: columns.key(str(named[field])) for field in (*WHO, *WHAT) if field in quoted}
    sums = {field: columns.total(str(named[field])) for field in (*MEASURES, "cost") if field in quoted}
    sums.setdefault("calls", "COUNT(*)")
    if "status" in quoted:
        sums.setdefault("errors", f"SUM(CASE WHEN {quoted['status']} >= 400 THEN 1 ELSE 0 END)")
        sums.setdefault("gone", f"SUM(CASE WHEN {quoted['status']} IN (404, 410) THEN 1 ELSE 0 END)")
    unit = str(config.get("time_unit") or "")
    times = columns.times(str(named["time"]), unit, config.get("bucket"))

    def bucket_value(row: Row, begin: int) -> BucketValue:
        labels = {field: text_value(row.get(field)) for field in (*WHO, *WHAT)}
        consumer = clean(labels["application"] or labels["team"] or labels["key_alias"] or labels["service"], 200)
        return BucketValue(
            key_digest(*(labels[field] for field in (*WHO, *WHAT))),
            begin,
            times.step,
            Caller(
                consumer or UNKNOWN,
                clean(labels["team"], 200),
                clean(labels["key_alias"], 200),
                clean(labels["tags"], 500),
                clean(labels["service"], 200),
                clean(labels["user_agent"], 200),
                internal=consumer == INTERNAL,
            ),
            Called(clean(labels["platform"], 60), clean(labels["model"], 300), clean(labels["endpoint"], 100)),
            measures(row),
        )

    window = 72 if times.step == DAY else 3
    return Table(
        name, bucket_query(columns.table, groups, sums, times), times.step, window, times.bounds, bucket_value
    )
