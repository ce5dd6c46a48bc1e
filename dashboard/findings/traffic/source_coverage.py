"""Which sources report an application's calls to an entry, and on which days they reported anything.

A day without calls counts only if these sources reported on it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from django.db import connection

from dashboard.core.fields import EPOCH, day_number
from dashboard.findings.traffic.daily import IS_CALL

__all__ = ["COVERAGE_DAYS", "ReportedDays", "sources_of_calls"]

COVERAGE_DAYS = 28
"""A source reports a pair's calls if it did so in the 28 days up to the last call. An application that moved to
another gateway is thus judged by the gateway it uses now."""

# Starts from the application's own rollups, which are few, however many others call the same model.
SOURCES_OF_CALLS = """
WITH asked (application, entry, last) AS (VALUES {values})
SELECT DISTINCT a.application, a.entry, a.last, d.source_id
FROM asked a
CROSS JOIN usage_identity i
CROSS JOIN usage_dailyrollup d
CROSS JOIN findings_resolution r
WHERE i.application_id = a.application
  AND d.identity_id = i.id AND d.day BETWEEN a.last - {memory} AND a.last
  AND r.name_id = d.name_id AND r.entry_id = a.entry AND r.from_day <= d.day AND r.to_day > d.day
  AND {is_call}
"""
# Jumps from one reported day to the next in the (source, day) index instead of reading every rollup.
REPORTED = """
WITH RECURSIVE reported (day) AS (
    SELECT MIN(day) FROM usage_dailyrollup WHERE source_id = %s AND day >= %s
    UNION ALL
    SELECT (SELECT MIN(d.day) FROM usage_dailyrollup d WHERE d.source_id = %s AND d.day > reported.day)
    FROM reported WHERE reported.day IS NOT NULL
)
SELECT day FROM reported WHERE day IS NOT NULL
"""
CHUNK = 500
ROLLUP_IS_CALL = IS_CALL.format(
    **{name: f"d.{name}" for name in ("calls", "input_tokens", "output_tokens", "cost_nano")}
)


def sources_of_calls(asked: Iterable[tuple[int, int, date]]) -> dict[tuple[int, int, date], frozenset[int]]:
    """Per (application, entry, day of a last call): the sources that reported its calls in the days up to it."""
    found: dict[tuple[int, int, date], set[int]] = defaultdict(set)
    rows = list(asked)
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        # Literals, not parameters: PostgreSQL would take bare parameters in VALUES for text. All are ints.
        values = ", ".join(f"({int(app)}, {int(entry)}, {day_number(last)})" for app, entry, last in chunk)
        with connection.cursor() as cursor:
            cursor.execute(
                SOURCES_OF_CALLS.format(values=values, memory=COVERAGE_DAYS - 1, is_call=ROLLUP_IS_CALL)
            )
            for app, entry, last, source in cursor.fetchall():
                found[app, entry, EPOCH + timedelta(days=last)].add(source)
    return {key: frozenset(sources) for key, sources in found.items()}


class ReportedDays:
    """The days on which sources reported anything, read once per source."""

    def __init__(self, since: date) -> None:
        self.since = since
        self._days: dict[int, list[date]] = {}
        self._common: dict[frozenset[int], list[date]] = {}

    def days(self, source: int) -> Sequence[date]:
        """The days from `since` on with at least one rollup of the source, in order."""
        if source not in self._days:
            with connection.cursor() as cursor:
                cursor.execute(REPORTED, [source, day_number(self.since), source])
                self._days[source] = [EPOCH + timedelta(days=day) for (day,) in cursor.fetchall()]
        return self._days[source]

    def common_days(self, sources: frozenset[int]) -> Sequence[date]:
        """The days on which all of the sources reported, in order; none for no source."""
        if sources not in self._common:
            sets = [set(self.days(source)) for source in sources]
            self._common[sources] = sorted(set.intersection(*sets)) if sets else []
        return self._common[sources]
