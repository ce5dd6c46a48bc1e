"""Langfuse's and Helicone's own tables in ClickHouse, as their migrations make them.

Both tables replace rows that are written again, some time later; `FINAL` selects the newest of each. Prompts and
responses are never read.
"""

from dashboard.usage.buckets import key_digest
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.sql.introspection import Columns, Row, Table, bucket_query, measures, text_value
from dashboard.usage.formats.caller_labels import APPLICATION, TAGS, TEAM
from dashboard.usage.formats.gateways.helicone import Helicone
from dashboard.usage.formats.langfuse import common as langfuse
from dashboard.usage.records import BucketValue

__all__ = ["helicone_table", "langfuse_table"]

GONE = "model_not_found|deprecated|decommissioned|shut ?down|retired|end of life|no longer (available|supported)"
NANO = 1_000_000_000  # Helicone keeps costs as whole numbers of nano-USD


def langfuse_table(name: str, columns: Columns) -> Table:
    """Observations that are calls, per project, environment, kind and model."""
    _check(columns, "langfuse")
    level, status, usage = (columns.quoted(c) for c in ("level", "status_message", "usage_details"))
    groups = {
        "project": columns.quoted("project_id"),
        "environment": columns.quoted("environment") if "environment" in columns else "''",
        "kind": columns.quoted("type"),
        "model": columns.quoted("provided_model_name"),
    }
    says_gone = f"match(lower(coalesce({status}, '')), '{GONE}')"
    sums = {
        "calls": "count(*)",
        "errors": f"sum(if({level} = 'ERROR', 1, 0))",
        "gone": f"sum(if({level} = 'ERROR' AND {says_gone}, 1, 0))",
        "input_tokens": _tokens(usage, "input"),
        "output_tokens": _tokens(usage, "output"),
        "cost": f"toFloat64(sum({columns.quoted('total_cost')}))",
    }
    times = columns.times("start_time", "", "hour")
    kinds = ", ".join(f"'{kind}'" for kind in langfuse.CALLS)
    also = f" AND {groups['kind']} IN ({kinds}) AND {columns.quoted('is_deleted')} = 0"

    def bucket_value(row: Row, begin: int) -> BucketValue:
        project, environment, kind, model = (text_value(row[column]) for column in groups)
        who, what = langfuse.describe((project, None, environment, b"", kind, model))
        key = key_digest(project, environment, kind, model)
        return BucketValue(key, begin, times.step, who, what, measures(row))

    statement = bucket_query(f"{columns.table} FINAL", groups, sums, times, also)
    # Observations are written when a trace ends, their costs later.
    return Table(name, statement, times.step, 48, times.bounds, bucket_value)


def helicone_table(name: str, columns: Columns) -> Table:
    """Requests that were answered, per user, address, model and those properties that say who calls."""
    _check(columns, "helicone")
    status = columns.quoted("status")
    known = ", ".join(f"'{label}'" for label in (*APPLICATION, *TEAM, *TAGS))
    plain = "replaceRegexpAll(lower(k), '[ _.-]|^x-', '')"
    groups = {
        "user": columns.quoted("user_id"),
        "properties": f"toJSONString(mapFilter((k, v) -> {plain} IN ({known}), {columns.quoted('properties')}))",
        "provider": columns.quoted("provider"),
        "address": f"cutQueryStringAndFragment(coalesce({columns.quoted('target_url')}, ''))",
        "model": columns.quoted("model"),
    }
    sums = {
        "calls": "count(*)",
        "errors": f"sum(if({status} >= 400, 1, 0))",
        "gone": f"sum(if({status} IN (404, 410), 1, 0))",
        "input_tokens": f"sum({columns.quoted('prompt_tokens')})",
        "output_tokens": f"sum({columns.quoted('completion_tokens')})",
        "cost": f"sum({columns.quoted('cost')}) / {NANO}" if "cost" in columns else "NULL",
    }
    times = columns.times("request_created_at", "", "hour")
    reader = Helicone()

    def bucket_value(row: Row, begin: int) -> BucketValue:
        user, properties, provider, address, model = (text_value(row[column]) for column in groups)
        who, what = reader.describe((user, properties.encode(), provider, address, model))
        key = key_digest(user, properties, provider, address, model)
        return BucketValue(key, begin, times.step, who, what, measures(row))

    statement = bucket_query(f"{columns.table} FINAL", groups, sums, times, f" AND {status} >= 0")
    return Table(name, statement, times.step, 3, times.bounds, bucket_value)


def _check(columns: Columns, preset: str) -> None:
    if not columns.is_clickhouse:
        raise ConnectorError(f"The preset {preset} reads ClickHouse: name the columns of any other table")


def _tokens(usage: str, word: str) -> str:
    return f"sum(arraySum(mapValues(mapFilter((k, v) -> k LIKE '%{word}%', {usage}))))"
