"""When a source counts as silent. The only rule for it: pages, findings and the overview all ask here. Pure.

A source that reports every day is silent after two days without a record. One that never reports on weekends,
or only on Mondays, is silent once a pause is longer than its usual one. Fewer calls from one application do not
make a source silent: it still reports the others.
"""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

__all__ = ["LONGEST_PAUSE", "SILENT_AFTER", "WINDOW", "is_silent", "usual_pause"]

SILENT_AFTER = 2
"""A pause of up to this many days is never silence, whatever the source's habit."""
WINDOW = 35
"""Days before its newest one from which a source's habit is read: five weeks, enough for a weekly habit."""
LONGEST_PAUSE = WINDOW // 2
"""A longer pause cannot occur twice within the window, so it is no habit."""


def usual_pause(days: Iterable[date]) -> int:
    """The longest pause, in days, that occurred at least twice between the days on which a source reported.

    A single outage is no habit, which is why once is not enough. 1 means every day, or too few days to say.
    """
    reported = sorted(set(days))
    pauses = sorted(((after - before).days for before, after in pairwise(reported)), reverse=True)
    return pauses[1] if len(pauses) > 1 else 1


def is_silent(silent_days: int | None, pause: int) -> bool:
    """Whether this many days without a record are too many for a source with this usual pause.

    `silent_days` is None before the source's first record: it is not silent then.
    """
    return silent_days is not None and silent_days > max(SILENT_AFTER, pause)
