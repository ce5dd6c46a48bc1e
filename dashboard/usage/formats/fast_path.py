"""A fast path for the common lines of a format: two to three times as fast as the loop that every format shares.

A format's own loop adds up the lines of a known shape, as if each of their ids was new, and returns the others.
The reader compares the batch's ids with all others, in compiled code; if one comes twice the lines take the slow
path of `LineFormat`, whose result is the same. SUNDIAL_FAST_PATHS=0 turns fast paths off.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from isal.isal_zlib import crc32

from dashboard.usage.formats.base import LineFormat
from dashboard.usage.records import Batch, Group

__all__ = ["CACHED_PIECE_BYTES", "NEEDS_SLOW_PATH", "NO_CALL", "FastPath", "FastPathFormat", "SlowPathLine"]

# Bytes of a piece: few enough for the processor's cache, and to be had from the heap. Larger ones are new pages
# each time, and mapping them costs more than decoding what is in them.
CACHED_PIECE_BYTES = 256 << 10
SLOW_SHARE = 4  # one line in so many may need the slow path; with more of them the fast path is no gain
ALWAYS_ALLOWED = 100  # slow lines before the share is looked at
# In the place of a group: the line is no call, or needs the slow path.
NO_CALL: Group = []
NEEDS_SLOW_PATH: Group = []


class SlowPathLine(NamedTuple):
    """A line for the slow path: its number from 0 in its run, the offset behind it in its piece, its bytes."""

    number: int
    end: int
    raw: bytes


class FastPath:
    """Adds up the lines of a run, which comes in pieces; `digests` are those of their ids by hour."""

    def __init__(self, last_hour: int, before: int, offset: int) -> None:
        self.last_hour = last_hour
        self.offset = offset  # of the run in its content
        self.chain = before  # the CRC-32 of all content so far
        self.lines = 0
        self.skipped = 0
        self.beyond = 0  # records, where a line holds many: how many more there are than lines
        self.digests: dict[int, list[bytes]] = {}

    def add_lines(self, data: bytes) -> list[SlowPathLine]:
        """Add up the complete lines of a known shape and an accepted time; return the others."""
        raise NotImplementedError

    def total_groups(self) -> Iterable[tuple[int, tuple, Group]]:
        """The totals: hour, raw grouping key, group."""
        raise NotImplementedError


class FastPathFormat(LineFormat):
    """A line format with a fast path."""

    # Makes one for a run: from the last accepted hour, the checksum before the run, and its offset.
    fast_path: Callable[[int, int, int], FastPath]

    def decode_fast(self, pieces: Iterable[bytes], last_hour: int, before: int, offset: int) -> Batch | None:
        """The batch of these lines, numbered from 0, without looking for repeated ids.

        None when too many need the slow path, one of those comes twice, or anything fails.
        """
        try:
            return self._decode_fast(pieces, last_hour, before, offset)
        except EOFError:  # the file became shorter
            raise
        except Exception:  # noqa: BLE001  as above
            return None

    def _decode_fast(self, pieces: Iterable[bytes], last_hour: int, before: int, offset: int) -> Batch | None:
        part, fast_path, left = Batch(last_hour, before), self.fast_path(last_hour, before, offset), 0
        for data in pieces:
            slow_lines, at, view = fast_path.add_lines(data), 0, memoryview(data)
            left += len(slow_lines)
            if left > ALWAYS_ALLOWED + fast_path.lines // SLOW_SHARE:
                return None
            for number, end, raw in slow_lines:
                begin = end - len(raw)
                part.checksum_before = crc32(view[at:begin], part.checksum_before)
                at = begin
                self.decode(raw, part, number, offset + begin)
            part.checksum_before = crc32(view[at:], part.checksum_before)
            offset += len(data)
        if part.duplicates:
            return None
        part.lines = fast_path.lines
        part.skipped += fast_path.skipped
        part.accepted += fast_path.lines + fast_path.beyond - fast_path.skipped - left
        part.new_digests = {hour: b"".join(digests) for hour, digests in fast_path.digests.items() if digests}
        for hour, key, group in fast_path.total_groups():
            part.add_group(hour, self.caller_and_name(key), group)
        return part
