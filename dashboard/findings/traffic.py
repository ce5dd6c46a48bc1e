"""Sums per (day, application, entry), refilled from the daily rollups of days that changed."""

from datetime import date

from django.db import connection

from dashboard.findings import sums
from dashboard.findings.exclusive import exclusive
from dashboard.findings.models import StalePair
from dashboard.kit.fields import day_number
from dashboard.usage.models import StaleDay

__all__ = ["refill", "stale_days"]

# A sum over nothing but nulls is null: a measure that no source reports stays unknown, not 0.
SUMS = """
SELECT d.day, i.application_id, r.entry_id,
    SUM(d.calls), SUM(d.errors), SUM(d.gone), SUM(d.input_tokens), SUM(d.output_tokens), SUM(d.cost_nano)
FROM usage_dailyrollup d
JOIN usage_identity i ON i.id = d.identity_id
LEFT JOIN findings_resolution r ON r.name_id = d.name_id
WHERE d.day = %s
GROUP BY d.day, i.application_id, r.entry_id
"""
INSERT = """
INSERT INTO findings_traffic
    (day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano)
"""
VALUES = f"VALUES ({', '.join(['%s'] * 9)})"
STORED = """
SELECT day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, id
FROM findings_traffic WHERE day = %s
"""
DELETE = "DELETE FROM findings_traffic WHERE id = %s"
CORRECT = """
UPDATE findings_traffic
SET calls = %s, errors = %s, gone = %s, input_tokens = %s, output_tokens = %s, cost_nano = %s WHERE id = %s
"""


def stale_days() -> list[date]:
    """The days whose rollups changed since their sums were made, oldest first."""
    return list(StaleDay.objects.order_by("day").values_list("day", flat=True).distinct())


def refill() -> set[tuple[int, int]]:
    """Make the sums of every stale day anew; return the (application, entry) pairs whose sums changed.

    One transaction per day: the day's sums and those above them (`sums`), its pairs put down as `StalePair`,
    and exactly the `StaleDay` rows that were seen go together. A day that changes meanwhile stays stale. Run
    twice, or by two processes at once, the result is the same.
    """
    touched: set[tuple[int, int]] = set()
    for day in stale_days():
        with exclusive():
            touched |= _refill_day(day)
    return touched


def _refill_day(day: date) -> set[tuple[int, int]]:
    seen = list(StaleDay.objects.filter(day=day).values_list("pk", flat=True))
    if not seen:
        return set()
    touched = _correct(day_number(day))
    StalePair.objects.bulk_create(
        [StalePair(application_id=application, entry_id=entry) for application, entry in sorted(touched)],
        ignore_conflicts=True,
        batch_size=2000,
    )
    for start in range(0, len(seen), 500):
        StaleDay.objects.filter(pk__in=seen[start : start + 500]).delete()
    return touched


def _correct(day: int) -> set[tuple[int, int]]:
    """Bring the sums of a day (its number) in step, writing only rows that differ; the pairs they are of.

    A poll changes few pairs of a day that has many, and each row stands in three indices.
    """
    with connection.cursor() as cursor:
        cursor.execute(STORED, [day])
        stored = {row[1:3]: row for row in cursor.fetchall()}
        cursor.execute(SUMS, [day])
        fresh = {row[1:3]: row for row in cursor.fetchall()}
        came, gone = fresh.keys() - stored.keys(), stored.keys() - fresh.keys()
        changed = {pair for pair in fresh.keys() & stored.keys() if fresh[pair] != stored[pair][:-1]}
        cursor.executemany(DELETE, [stored[pair][-1:] for pair in gone])
        cursor.executemany(CORRECT, [(*fresh[pair][3:], stored[pair][-1]) for pair in changed])
        if stored:
            cursor.executemany(INSERT + VALUES, [fresh[pair] for pair in came])
        else:
            cursor.execute(INSERT + SUMS, [day])
    differing = {(application, entry) for application, entry in came | gone | changed if entry is not None}
    sums.refill(day, came=bool(came), gone=gone)
    return differing
