"""Sums per (day, application, entry), refilled from the daily rollups of days that changed."""

from datetime import date

from django.db import connection

from dashboard.core.fields import day_number
from dashboard.findings.db_lock import write_lock
from dashboard.findings.models import StalePair
from dashboard.findings.traffic import summaries
from dashboard.usage.models import StaleDay

__all__ = ["IS_CALL", "refill_stale_days", "stale_days"]

# A sum over nothing but nulls is null: a measure that no source reports stays unknown, not 0.
SUMS = """
SELECT d.day, i.application_id, r.entry_id,
    SUM(d.calls), SUM(d.errors), SUM(d.gone), SUM(d.input_tokens), SUM(d.output_tokens), SUM(d.cost_nano),
    NULLIF({regions}, '')
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
    (day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, regions)
"""
VALUES = f"VALUES ({', '.join(['%s'] * 10)})"
STORED = """
SELECT day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, regions, id
FROM findings_traffic WHERE day = %s
"""
# A day `t` counts as a call if the source counted one, or if it counts none at all but saw tokens or cost.
# `_called` says the same of rows that are no longer, or not yet, in the table.
IS_CALL = """(t.calls > 0 OR (t.calls IS NULL
    AND COALESCE(t.input_tokens, 0) + COALESCE(t.output_tokens, 0) + COALESCE(t.cost_nano, 0) > 0))"""
DELETE = "DELETE FROM findings_traffic WHERE id = %s"
CORRECT = """
UPDATE findings_traffic
SET calls = %s, errors = %s, gone = %s, input_tokens = %s, output_tokens = %s, cost_nano = %s, regions = %s
WHERE id = %s
"""


def stale_days() -> list[date]:
    """The days whose rollups changed since their sums were made, oldest first."""
    return list(StaleDay.objects.order_by("day").values_list("day", flat=True).distinct())


def refill_stale_days(open_since: date | None = None) -> set[tuple[int, int]]:
    """Make the sums of every stale day anew; return the (application, entry) whose findings may have changed.

    These are the pairs whose sums changed. From `open_since` on, days so new that no run of calls can have
    ended since, only those that began or ceased to call on the day, or do so from elsewhere: how often they
    call changes no finding.

    One transaction per day: the day's sums and those above them (`sums`), its pairs put down as `StalePair`,
    and exactly the `StaleDay` rows that were seen go together. A day that changes meanwhile stays stale. Run
    twice, or by two processes at once, the result is the same.
    """
    touched: set[tuple[int, int]] = set()
    for day in stale_days():
        with write_lock():
            touched |= _refill_day(day, turned_only=open_since is not None and day >= open_since)
    return touched


def _refill_day(day: date, *, turned_only: bool) -> set[tuple[int, int]]:
    seen = list(StaleDay.objects.filter(day=day).values_list("pk", flat=True))
    if not seen:
        return set()
    touched = _correct(day_number(day), turned_only=turned_only)
    StalePair.objects.bulk_create(
        [StalePair(application_id=application, entry_id=entry) for application, entry in sorted(touched)],
        ignore_conflicts=True,
        batch_size=2000,
    )
    for start in range(0, len(seen), 500):
        StaleDay.objects.filter(pk__in=seen[start : start + 500]).delete()
    return touched


def _correct(day: int, *, turned_only: bool) -> set[tuple[int, int]]:
    """Bring the sums of a day (its number) in step, writing only rows that differ; the pairs `refill` returns.

    A poll changes few pairs of a day that has many, and each row stands in three indices.
    """
    fill = SUMS.format(regions=REGIONS[connection.vendor])
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
    summaries.refill_summaries(day, came=bool(came), gone=gone)
    differing = came | gone | changed
    if turned_only:
        differing = {pair for pair in differing if _called(fresh.get(pair)) != _called(stored.get(pair))}
    return {(application, entry) for application, entry in differing if entry is not None}


def _called(row: tuple | None) -> frozenset[str] | None:
    """Where a day's calls were served; None where its sums make it no day of calls, as `IS_CALL` has it."""
    if row is None:
        return None
    calls, _errors, _gone, *rest = row[3:9]
    if not (calls > 0 if calls is not None else sum(value or 0 for value in rest) > 0):
        return None
    return frozenset((row[9] or "").split(","))
