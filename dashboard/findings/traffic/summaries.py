"""Sums that keep a page's cost at what it shows: per entry, name and source, and who calls what since when.

They follow one day at a time, in the transaction that refills the day's traffic; a rerun changes nothing.
"""

from collections.abc import Iterable

from django.db import connection

__all__ = ["refill_summaries"]

EMPTY_ENTRIES = "DELETE FROM findings_entrytraffic WHERE day = %s"
FILL_ENTRIES = """
INSERT INTO findings_entrytraffic (day, entry_id, calls, errors, gone, input_tokens, output_tokens, cost_nano)
SELECT day, entry_id, SUM(calls), SUM(errors), SUM(gone), SUM(input_tokens), SUM(output_tokens), SUM(cost_nano)
FROM findings_traffic WHERE day = %s GROUP BY day, entry_id
"""
EMPTY_NAMES = "DELETE FROM findings_nametraffic WHERE day = %s"
FILL_NAMES = """
INSERT INTO findings_nametraffic (day, name_id, calls)
SELECT day, name_id, SUM(calls) FROM usage_dailyrollup WHERE day = %s GROUP BY day, name_id
"""
EMPTY_SOURCES = "DELETE FROM usage_sourceday WHERE day = %s"
FILL_SOURCES = """
INSERT INTO usage_sourceday (source_id, day, calls, input_tokens)
SELECT source_id, day, SUM(calls), SUM(input_tokens) FROM usage_dailyrollup WHERE day = %s GROUP BY source_id, day
"""
WIDEN_CALLERS = """
INSERT INTO findings_entrycaller (application_id, entry_id, first_on, last_on)
SELECT application_id, entry_id, day, day FROM findings_traffic WHERE day = %s AND entry_id IS NOT NULL
ON CONFLICT (entry_id, application_id) DO UPDATE SET
    first_on = CASE WHEN excluded.first_on < findings_entrycaller.first_on
               THEN excluded.first_on ELSE findings_entrycaller.first_on END,
    last_on = CASE WHEN excluded.last_on > findings_entrycaller.last_on
              THEN excluded.last_on ELSE findings_entrycaller.last_on END
WHERE excluded.first_on < findings_entrycaller.first_on OR excluded.last_on > findings_entrycaller.last_on
"""
# An application that called on that day by an older count, and does not any more.
FORGET_CALLER = """
DELETE FROM findings_entrycaller WHERE application_id = %s AND entry_id = %s AND NOT EXISTS (
    SELECT 1 FROM findings_traffic t
    WHERE t.application_id = findings_entrycaller.application_id AND t.entry_id = findings_entrycaller.entry_id)
"""
NARROW_CALLER = """
UPDATE findings_entrycaller SET
    first_on = (SELECT MIN(t.day) FROM findings_traffic t
                WHERE t.application_id = findings_entrycaller.application_id
                AND t.entry_id = findings_entrycaller.entry_id),
    last_on = (SELECT MAX(t.day) FROM findings_traffic t
               WHERE t.application_id = findings_entrycaller.application_id
               AND t.entry_id = findings_entrycaller.entry_id)
WHERE application_id = %s AND entry_id = %s
"""


def refill_summaries(day: int, *, came: bool, gone: Iterable[tuple[int, int | None]]) -> None:
    """Make the sums of a day (its number) anew after its traffic.

    `came`: some (application, entry) have traffic on the day that had none before. `gone`: those that had
    some, and have none now.
    """
    with connection.cursor() as cursor:
        for statement in (EMPTY_ENTRIES, FILL_ENTRIES, EMPTY_NAMES, FILL_NAMES, EMPTY_SOURCES, FILL_SOURCES):
            cursor.execute(statement, [day])
        if came:
            cursor.execute(WIDEN_CALLERS, [day])
        lost = sorted((application, entry) for application, entry in gone if entry is not None)
        for statement in (FORGET_CALLER, NARROW_CALLER):
            cursor.executemany(statement, lost)
