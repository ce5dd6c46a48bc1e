"""Sums per (day, application, entry), refilled from the daily rollups of days that changed."""

from datetime import date

from django.db import connection

from dashboard.core.fields import day_number
from dashboard.findings.db_lock import write_lock
from dashboard.findings.models import StalePair
from dashboard.findings.traffic import summaries
from dashboard.usage.models import StaleDay

__all__ = ["IS_CALL", "refill_stale_days", "stale_days"]

# The rule for "is this a call": some calls were counted; or, where the source counts none at all, some tokens or
# cost. Null calls with neither are none. Format it with the four columns or sums.
IS_CALL = """COALESCE({calls} > 0,
    COALESCE({input_tokens}, 0) + COALESCE({output_tokens}, 0) + COALESCE({cost_nano}, 0) > 0)"""
# A sum over nothing but nulls is null: a measure that no source reports stays unknown, not 0.
SUMS = """
SELECT d.day, i.application_id, r.entry_id,
    SUM(d.calls), SUM(d.errors), SUM(d.gone), SUM(d.input_tokens), SUM(d.output_tokens), SUM(d.cost_nano),
    NULLIF({regions}, ''), {is_call}
FROM usage_dailyrollup d
JOIN usage_identity i ON i.id = d.identity_id
LEFT JOIN findings_resolution r ON r.name_id = d.name_id AND r.from_day <= d.day AND r.to_day > d.day
WHERE d.day = %s
GROUP BY d.day, i.application_id, r.entry_id
"""
REGIONS = {
    "sqlite": "GROUP_CONCAT(DISTINCT r.region)",
    "postgresql": "STRING_AGG(DISTINCT r.region, ',')",
}
INSERT = """
INSERT INTO findings_traffic
    (day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, regions, is_call)
"""
VALUES = f"VALUES ({', '.join(['%s'] * 11)})"
STORED = """
SELECT day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, regions,
    is_call, id
FROM findings_traffic WHERE day = %s
"""
DELETE = "DELETE FROM findings_traffic WHERE id = %s"
CORRECT = """
UPDATE findings_traffic
SET calls = %s, errors = %s, gone = %s, input_tokens = %s, output_tokens = %s, cost_nano = %s, regions = %s,
    is_call = %s
WHERE id = %s
"""


def stale_days() -> list[date]:
    """The days whose rollups changed after their traffic was computed, oldest first."""
    return list(StaleDay.objects.order_by("day").values_list("day", flat=True).distinct())


def refill_stale_days(open_since: date | None = None) -> set[tuple[int, int]]:
    """Refill the traffic of every stale day; return the (application, entry) whose findings may have changed.

    These are the pairs whose sums changed. From `open_since` on (days so recent that no period of calls can have
    ended since), only pairs that began or stopped calling on the day, or whose regions changed: the number of
    calls does not matter to a finding.

    One transaction per day: its traffic and summaries, a `StalePair` for each changed pair, and the deletion of
    the `StaleDay` rows that were read. A day that changes meanwhile stays stale. Running it twice, or in two
    processes at once, gives the same result.
    """
    touched: set[tuple[int, int]] = set()
    for day in stale_days():
        with write_lock():
            touched |= _refill_day(day, turned_only=open_since is not None and day >= open_since)
    return touched


def _refill_day(day: date, *, turned_only: bool) -> set[tuple[int, int]]:
    stale = list(StaleDay.objects.filter(day=day).values_list("pk", flat=True))
    if not stale:
        return set()
    touched = _correct(day_number(day), turned_only=turned_only)
    StalePair.objects.bulk_create(
        [StalePair(application_id=application, entry_id=entry) for application, entry in sorted(touched)],
        ignore_conflicts=True,
        batch_size=2000,
    )
    for start in range(0, len(stale), 500):
        StaleDay.objects.filter(pk__in=stale[start : start + 500]).delete()
    return touched


def _correct(day: int, *, turned_only: bool) -> set[tuple[int, int]]:
    """Update the traffic of a day (its number), writing only rows that differ; return the pairs for `_refill_day`.

    A poll changes few of a day's many pairs, and each row is in three indexes.
    """
    sums = {name: f"SUM(d.{name})" for name in ("calls", "input_tokens", "output_tokens", "cost_nano")}
    fill = SUMS.format(regions=REGIONS[connection.vendor], is_call=IS_CALL.format(**sums))
    with connection.cursor() as cursor:
        cursor.execute(STORED, [day])
        stored = {row[1:3]: row for row in cursor.fetchall()}
        cursor.execute(fill, [day])
        fresh = {row[1:3]: row for row in cursor.fetchall()}
        came, gone = fresh.keys() - stored.keys(), stored.keys() - fresh.keys()
        changed = {pair for pair in fresh.keys() & stored.keys() if fresh[pair] != stored[pair][:-1]}
        cursor.executemany(DELETE, [stored[pair][-1:] for pair in gone])
        cursor.executemany(CORRECT, [(*fresh[pair][3:], stored[pair][-1]) for pair in changed])
        if stored:
            cursor.executemany(INSERT + VALUES, [fresh[pair] for pair in came])
        else:
            cursor.execute(INSERT + fill, [day])
    began = {pair for pair, row in fresh.items() if _is_call(row) and not _is_call(stored.get(pair))}
    stopped = {pair for pair, row in stored.items() if _is_call(row) and not _is_call(fresh.get(pair))}
    summaries.refill_summaries(day, began=bool(began), stopped=stopped)
    differing = came | gone | changed
    if turned_only:
        differing = {pair for pair in differing if _served_in(fresh.get(pair)) != _served_in(stored.get(pair))}
    return {(application, entry) for application, entry in differing if entry is not None}


def _is_call(row: tuple | None) -> bool:
    return row is not None and bool(row[10])


def _served_in(row: tuple | None) -> frozenset[str] | None:
    """The regions of a day's calls; None if it has no calls."""
    return frozenset((row[9] or "").split(",")) if row is not None and _is_call(row) else None
