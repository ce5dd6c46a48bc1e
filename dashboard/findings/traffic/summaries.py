"""Summary tables that lists read: per entry, per name, per source, and the first and last day of each caller.

They are updated a day at a time, in the transaction that refills the day's traffic; a rerun changes nothing.
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
SELECT application_id, entry_id, day, day FROM findings_traffic WHERE day = %s AND entry_id IS NOT NULL AND is_call
ON CONFLICT (entry_id, application_id) DO UPDATE SET
    first_on = CASE WHEN excluded.first_on < findings_entrycaller.first_on
               THEN excluded.first_on ELSE findings_entrycaller.first_on END,
    last_on = CASE WHEN excluded.last_on > findings_entrycaller.last_on
              THEN excluded.last_on ELSE findings_entrycaller.last_on END
WHERE excluded.first_on < findings_entrycaller.first_on OR excluded.last_on > findings_entrycaller.last_on
"""
# An application that no longer has a call on the day: forget it, or find its first and last day again.
FORGET_CALLER = """
DELETE FROM findings_entrycaller WHERE application_id = %s AND entry_id = %s AND NOT EXISTS (
    SELECT 1 FROM findings_traffic t
    WHERE t.application_id = findings_entrycaller.application_id
    AND t.entry_id = findings_entrycaller.entry_id AND t.is_call)
"""
NARROW_CALLER = """
UPDATE findings_entrycaller SET
    first_on = (SELECT MIN(t.day) FROM findings_traffic t
                WHERE t.application_id = findings_entrycaller.application_id
                AND t.entry_id = findings_entrycaller.entry_id AND t.is_call),
    last_on = (SELECT MAX(t.day) FROM findings_traffic t
               WHERE t.application_id = findings_entrycaller.application_id
               AND t.entry_id = findings_entrycaller.entry_id AND t.is_call)
WHERE application_id = %s AND entry_id = %s
"""


def refill_summaries(day: int, *, began: bool, stopped: Iterable[tuple[int, int | None]]) -> None:
    """Recompute the summaries of a day (its number) from its traffic.

    `began`: some (application, entry) have calls on the day and had none before. `stopped`: those that had some
    and have none now.
    """
    with connection.cursor() as cursor:
        for statement in (EMPTY_ENTRIES, FILL_ENTRIES, EMPTY_NAMES, FILL_NAMES, EMPTY_SOURCES, FILL_SOURCES):
            cursor.execute(statement, [day])
        if began:
            cursor.execute(WIDEN_CALLERS, [day])
        pairs = sorted((application, entry) for application, entry in stopped if entry is not None)
        for statement in (FORGET_CALLER, NARROW_CALLER):
            cursor.executemany(statement, pairs)
