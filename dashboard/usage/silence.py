"""When a source counts as silent, rather than its applications as quiet. Pure.

A source that tells something every day is silent after two days without a word. One that never tells on
weekends, or only on Mondays, is silent once it pauses for longer than it is used to. That its applications call
less does not make it silent: it still tells of others.
"""

from collections.abc import Iterable
from datetime import date
from itertools import pairwise

__all__ = ["LONGEST_PAUSE", "SILENT_AFTER", "WINDOW", "is_silent", "usual_pause"]

SILENT_AFTER = 2
"""Days without a record that nobody wonders about; findings judge by the same."""
WINDOW = 35
"""Days before its newest one from which a source's habit is read: five weeks, so that a weekly one has one."""
LONGEST_PAUSE = WINDOW // 2
"""A longer pause cannot come twice within the window, so it is no habit."""


def usual_pause(days: Iterable[date]) -> int:
    """The longest pause, in days, that came at least twice between the days on which a source told something.

    One outage is no habit, which is why once is not enough. 1 stands for every day, and for too few days to say.
    """
    told = sorted(set(days))
    pauses = sorted(((after - before).days for before, after in pairwise(told)), reverse=True)
    return pauses[1] if len(pauses) > 1 else 1


def is_silent(silent_days: int | None, pause: int) -> bool:
    """Whether so many days without a record are too many for a source with this habit; never before its first."""
    return silent_days is not None and silent_days > max(SILENT_AFTER, pause)
