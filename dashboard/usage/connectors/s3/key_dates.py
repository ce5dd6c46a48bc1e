"""Dates in the keys of objects. Pure.

Log writers put objects into folders named for a day, and keys are listed in order, so a listing may start at a
day and skip everything before it.
"""

import re
from datetime import date
from typing import NamedTuple

__all__ = ["KeyDate", "parse_key_date"]

_label = r"(?:[A-Za-z_]+=)?"
# 2024-01-04 or 20240104 at the start of a folder's or the object's name, perhaps after `dt=`.
_whole = re.compile(rf"(?:^|/)({_label})(20\d\d)(-?)(\d\d)\3(\d\d)(?!\d)")
# 2024/01/04, or year=2024/month=01/day=04: folders.
_parted = re.compile(rf"(?:^|/)({_label})(20\d\d)/({_label})(\d\d)/({_label})(\d\d)(?=/)")


class KeyDate(NamedTuple):
    """A date in a key: the text `before` it, and the strftime `pattern` in which keys write it here."""

    day: date
    before: str
    pattern: str

    def start(self, day: date) -> str:
        """A text that sorts before every key of this day and after every key of the days before it."""
        text = self.before + day.strftime(self.pattern)
        return (
            f"{text[:-1]}{chr(ord(text[-1]) - 1)}~"  # 2024-01-04 follows 2024-01-03~ and nothing else does before
        )


def parse_key_date(key: str) -> KeyDate | None:
    """The date in a key: in the last of its folders that has one, else in its name. None when it has none."""
    folders = key[: key.rfind("/") + 1]
    return _last_date(folders) or _last_date(key)


def _last_date(text: str) -> KeyDate | None:
    dates: list[tuple[int, KeyDate]] = []
    for match in _whole.finditer(text):
        label, year, dash, month, day = match.groups()
        dates += _valid_date(text, match.start(1), (year, month, day), f"{label}%Y{dash}%m{dash}%d")
    for match in _parted.finditer(text):
        one, year, two, month, three, day = match.groups()
        dates += _valid_date(text, match.start(1), (year, month, day), f"{one}%Y/{two}%m/{three}%d")
    return max(dates)[1] if dates else None


def _valid_date(key: str, at: int, parts: tuple[str, str, str], pattern: str) -> list[tuple[int, KeyDate]]:
    try:
        return [(at, KeyDate(date(*map(int, parts)), key[:at], pattern))]
    except ValueError:
        return []
