"""When a source counts as silent. Pages, findings and the overview all use this rule. Pure.

A source that reports every day is silent after two days without a record. One that never reports on weekends,
or only on Mondays, is silent once a pause is longer than its usual one. Fewer calls from one application do not
make a source silent: it still reports the others.
"""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

__all__ = ["LONGEST_PAUSE", "SILENT_AFTER", "WINDOW", "is_silent", "usual_pause"]

SILENT_AFTER = 2
"""A pause of up to this many days is never silence, whatever the source's usual pause."""
WINDOW = 35
"""Days up to the newest report that are examined: five weeks, enough to recognise a weekly pattern."""
LONGEST_PAUSE = WINDOW // 2
"""A longer pause cannot occur twice within the window."""


def usual_pause(days: Iterable[date]) -> int:
    """The longest pause, in days, that occurred at least twice between the days on which a source reported.

    A single outage is not a pattern, so once is not enough. 1 means daily reports, or too few days to decide.
    """
    reported = sorted(set(days))
    pauses = sorted(((after - before).days for before, after in pairwise(reported)), reverse=True)
    return pauses[1] if len(pauses) > 1 else 1


def is_silent(silent_days: int | None, pause: int) -> bool:
    """Whether this many days without a record are too many for a source with this usual pause.

    `silent_days` is None before the source's first record: it is not silent then.
    """
    return silent_days is not None and silent_days > max(SILENT_AFTER, pause)
