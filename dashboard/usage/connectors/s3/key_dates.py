"""Dates in the keys of objects. Pure.

Log writers put objects into folders named for a day, and keys are listed in their order; so a listing may
begin at a day, and what lies before it need not be listed at all.
"""

import re
from datetime import date
from typing import NamedTuple

__all__ = ["KeyDate", "parse_key_date"]

_label = r"(?:[A-Za-z_]+=)?"
# 2024-01-04 or 20240104 at the beginning of a folder's or the object's name, perhaps behind `dt=`.
_whole = re.compile(rf"(?:^|/)({_label})(20\d\d)(-?)(\d\d)\3(\d\d)(?!\d)")
# 2024/01/04, or year=2024/month=01/day=04: folders.
_parted = re.compile(rf"(?:^|/)({_label})(20\d\d)/({_label})(\d\d)/({_label})(\d\d)(?=/)")


class KeyDate(NamedTuple):
    """A place in keys that names a day: `before` it stands the rest, `pattern` spells a day as keys do here."""

    day: date
    before: str
    pattern: str

    def start(self, day: date) -> str:
        """What sorts before every key of this day and behind every key of the days before it."""
        text = self.before + day.strftime(self.pattern)
        return (
            f"{text[:-1]}{chr(ord(text[-1]) - 1)}~"  # 2024-01-04 follows 2024-01-03~ and nothing else does before
        )


def parse_key_date(key: str) -> KeyDate | None:
    """Where a key names a day: the last of its folders that do, else its name. None where it names none."""
    folders = key[: key.rfind("/") + 1]
    return _last(folders) or _last(key)


def _last(text: str) -> KeyDate | None:
    found: list[tuple[int, KeyDate]] = []
    for match in _whole.finditer(text):
        label, year, dash, month, day = match.groups()
        found += _shelf(text, match.start(1), (year, month, day), f"{label}%Y{dash}%m{dash}%d")
    for match in _parted.finditer(text):
        one, year, two, month, three, day = match.groups()
        found += _shelf(text, match.start(1), (year, month, day), f"{one}%Y/{two}%m/{three}%d")
    return max(found)[1] if found else None


def _shelf(key: str, at: int, parts: tuple[str, str, str], pattern: str) -> list[tuple[int, KeyDate]]:
    try:
        return [(at, KeyDate(date(*map(int, parts)), key[:at], pattern))]
    except ValueError:
        return []
