"""Sums per (day, application, entry), refilled from the daily rollups of days that changed."""

from datetime import date

from django.db import connection

from dashboard.findings.exclusive import exclusive
from dashboard.findings.models import StalePair, Traffic
from dashboard.kit.fields import day_number
from dashboard.usage.models import StaleDay

__all__ = ["refill", "stale_days"]

# A sum over nothing but nulls is null: a measure that no source reports stays unknown, not 0.
FILL = """
INSERT INTO findings_traffic
    (day, application_id, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano, regions)
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
PAIRS = """
SELECT application_id, entry_id, calls, input_tokens, output_tokens, cost_nano, regions
FROM findings_traffic WHERE day = %s AND entry_id IS NOT NULL
"""


def stale_days() -> list[date]:
    """The days whose rollups changed since their sums were made, oldest first."""
    return list(StaleDay.objects.order_by("day").values_list("day", flat=True).distinct())


def refill() -> set[tuple[int, int]]:
    """Make the sums of every stale day anew; return the (application, entry) pairs whose sums changed.

    One transaction per day: the day's sums, its pairs put down as `StalePair`, and exactly the `StaleDay`
    rows that were seen go together. A day that changes meanwhile stays stale. Run twice, or by two
    processes at once, the result is the same.
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
    with connection.cursor() as cursor:
        number = [day_number(day)]
        cursor.execute(PAIRS, number)
        before = set(cursor.fetchall())
        Traffic.objects.filter(day=day).delete()
        cursor.execute(FILL.format(regions=REGIONS[connection.vendor]), number)
        cursor.execute(PAIRS, number)
        after = set(cursor.fetchall())
    touched = {(application, entry) for application, entry, *_ in before ^ after}
    StalePair.objects.bulk_create(
        [StalePair(application_id=application, entry_id=entry) for application, entry in sorted(touched)],
        ignore_conflicts=True,
        batch_size=2000,
    )
    for start in range(0, len(seen), 500):
        StaleDay.objects.filter(pk__in=seen[start : start + 500]).delete()
    return touched
