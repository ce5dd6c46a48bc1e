"""Merge totals into the rollup tables: hand-written SQL per database, many times faster than the ORM's.

Increments, not replacements: a row's measures grow by what is merged; null plus null stays null. Rows
are sorted by key, so that concurrent merges take their locks in one order.
"""

from collections.abc import Iterable
from datetime import timedelta
from operator import itemgetter

from django.db import connection

from dashboard.core.fields import EPOCH
from dashboard.usage.models import StaleDay
from dashboard.usage.records import Measures, add_measures

__all__ = ["merge_rollups"]

MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens", "cost_nano")
COPY_FROM = 500  # rows from which PostgreSQL's COPY beats a statement with values
CAP = (1 << 62) - 1  # two capped values still add up to a 64-bit integer

# (hour or day, identity, name) -> measures, and what else may stand behind them
RollupTotals = dict[tuple[int, int, int], Measures]


def merge_rollups(source_id: int, hourly: RollupTotals) -> None:
    """Add totals per (hour, identity, name) of one source to both tables and mark their days stale."""
    daily: RollupTotals = {}
    for (hour, identity, name), measures in hourly.items():
        key = hour // 24, identity, name
        known = daily.get(key)
        if known is None:
            daily[key] = measures[:6]
        else:
            add_measures(known, measures[:6])
    _upsert("usage_hourlyrollup", "hour", source_id, hourly)
    _upsert("usage_dailyrollup", "day", source_id, daily)
    StaleDay.objects.bulk_create(
        [StaleDay(day=EPOCH + timedelta(days=n)) for n in sorted({key[0] for key in daily})]
    )


def _upsert(table: str, bucket: str, source_id: int, sums: RollupTotals) -> None:
    rows = (
        (at, source_id, identity, name, *[m if m is None or m < CAP else CAP for m in measures[:6]])
        for (at, identity, name), measures in sorted(sums.items(), key=itemgetter(0))
    )
    columns = f"{bucket}, source_id, identity_id, name_id, {', '.join(MEASURES)}"
    conflict = f"ON CONFLICT ({bucket}, source_id, identity_id, name_id) DO UPDATE SET {_grown(table)}"
    if connection.vendor == "postgresql" and len(sums) >= COPY_FROM:
        _copy(table, columns, conflict, rows)
        return
    values = ", ".join(["%s"] * 10)
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values}) {conflict}", list(rows))  # noqa: S608


def _grown(table: str) -> str:
    greatest = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    old = "({t}.{m} - {g}({t}.{m} - {cap}, 0))"  # the old value, capped; null stays null
    return ", ".join(
        f"{m} = COALESCE({old.format(t=table, m=m, g=greatest, cap=CAP)} + EXCLUDED.{m},"
        f" {table}.{m}, EXCLUDED.{m})"
        for m in MEASURES
    )


def _copy(table: str, columns: str, conflict: str, rows: Iterable[tuple]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS merging")
        cursor.execute(
            f"CREATE TEMPORARY TABLE merging ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"  # noqa: S608
        )
        with cursor.copy(f"COPY merging ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM merging {conflict}")  # noqa: S608
