"""A short way for the usual lines of a format: two to three times as fast as the loop that every format shares.

A format's own loop adds up the lines that it knows at sight, as if each of their ids was new, and leaves the
odd ones. Whoever takes the part compares its ids with all others, in compiled code; when one comes twice the
lines go the careful way of `LineFormat`, whose result is the same. So a short way may be quick, but not wrong.
"""

from collections.abc import Iterable
from typing import NamedTuple

from isal.isal_zlib import crc32

from dashboard.usage.formats.lines import LineFormat
from dashboard.usage.records import Batch

__all__ = ["Odd", "QuickFormat", "bulk"]

ODD = 4  # one line in so many may be odd; with more of them the short way is a detour


class Odd(NamedTuple):
    """A line for the careful way: its number from 0, the offset behind it, its bytes."""

    number: int
    end: int
    raw: bytes


class QuickFormat(LineFormat):
    """A line format with a short way, `usual`."""

    def usual(self, data: bytes, part: Batch) -> list[Odd]:
        """Count all lines, numbered from 0, and add up those of a shape known at sight and a time believed.

        Their ids go to `part.bulk`. Returns the others.
        """
        raise NotImplementedError

    def part(self, data: bytes, last_hour: int, before: int, offset: int) -> Batch | None:
        """All of these lines by themselves, numbered from 0, without looking for repeated ids.

        None when too many are odd, or an odd one comes twice.
        """
        part = Batch(last_hour, before)
        odd = self.usual(data, part)
        if len(odd) > 1 + part.lines // ODD:
            return None
        counted = part.lines
        view, at = memoryview(data), 0
        for number, end, raw in odd:
            begin = end - len(raw)
            part.before = crc32(view[at:begin], part.before)
            at = begin
            self.decode(raw, part, number, offset + begin)
        part.lines = counted
        return None if part.duplicates else part


def bulk(digests: dict[int, list[bytes]]) -> Iterable[tuple[int, bytes]]:
    """The digests of each hour as one string, for `Batch.bulk`."""
    return ((hour, b"".join(found)) for hour, found in digests.items() if found)
