"""The one loop that every line format shares: parse, bound, recognise a repeated id, add up."""

import math
from collections.abc import Callable, Container
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import msgspec
from isal.isal_zlib import crc32
from xxhash import xxh3_64_intdigest

from dashboard.usage.records import (
    FIRST_HOUR,
    Batch,
    Called,
    Caller,
    CallRow,
    Group,
)

__all__ = ["DetectionSample", "Format", "LineFormat"]

DESCRIBED = 20_000


@dataclass(frozen=True)
class DetectionSample:
    """The first lines of a file, for format detection: raw, and those that are JSON objects decoded."""

    lines: list[bytes]
    objects: list[dict[str, Any]]

    @property
    def needed(self) -> int:
        """How many lines must look like a format's before a file is taken for it: most of them."""
        return max(1, math.ceil(len(self.lines) * 0.6))


class Format(Protocol):
    """A log format: its name, how it reads complete lines, and how it knows its own."""

    name: str
    # Whether it reports buckets, which replace earlier values (`batch.buckets`), rather than calls, which add up.
    aggregated: bool

    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        """Add complete lines to `batch`; the first is number `line` at byte `offset` of the content."""

    def recognise(self, sample: DetectionSample) -> str:
        """Why a file that starts like this is of this format; "" when it is not."""


class LineFormat:
    """One record per line.

    `parse` takes a line's bytes, `extract` what it returned; it gives a Row, or None for a line that is no
    model call. Both raise ValueError, whose words become the reason shown, so they never
    repeat content.
    """

    name: str
    aggregated = False
    parse: Callable[[bytes], Any]

    def __init__(self) -> None:
        # A cache: the same few thousand keys come in every chunk.
        self._described: dict[tuple, tuple[Caller, Called]] = {}

    def extract(self, record: Any) -> CallRow | None:
        raise NotImplementedError

    def read(self, raw: bytes) -> CallRow | None:
        """`extract` of `parse`; a format may override it with something faster for most of its lines."""
        return self.extract(self.parse(raw))

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        """Who and what a raw grouping key stands for; asked once per distinct key, not per line."""
        raise NotImplementedError

    def recognise(self, sample: DetectionSample) -> str:
        raise NotImplementedError

    # One loop without calls of our own functions per line: it is where ingest spends its time.
    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:  # noqa: C901
        groups: dict[int, dict[tuple, Group]] = {}
        table: dict[tuple, Group] = {}
        read, counted, new_hashes, latest = self.read, batch.known_hashes, batch.new_hashes, batch.last_hour
        digest, earliest, described, describe = (
            xxh3_64_intdigest,
            FIRST_HOUR,
            self._described,
            self.caller_and_name,
        )
        repeated = skipped = rejected = chained = begin = end = 0
        chain, view = batch.checksum_before, memoryview(data)
        old: Container[int] = ()
        new: set[int] = set()
        number = line - 1
        # Line by line each stays in the processor's cache; splitting the whole chunk costs five times as much.
        source = BytesIO(data)
        for number, raw in enumerate(source, line):
            try:
                row = read(raw)
                if row is None:
                    skipped += 1
                    continue
                at, key, identifier, calls, errors, gone, input_tokens, output_tokens, cost = row
                if key not in described:
                    describe(key)  # what has no name is rejected before it counts
                if not begin <= at < end:
                    hour = at // 3600
                    if not earliest <= hour <= latest:
                        raise ValueError("the time is before 2015 or more than two days ahead")  # noqa: TRY301
                    begin, end = hour * 3600, hour * 3600 + 3600
                    old, new = counted(hour), new_hashes.setdefault(hour, set())
                    table = groups.setdefault(hour, {})
                if identifier:
                    id_hash = digest(identifier.encode())
                else:
                    # Known by its place: the line, and everything before it in its file.
                    place = source.tell() - len(raw)
                    chain = crc32(view[chained:place], chain)
                    chained = place
                    id_hash = digest(raw.removesuffix(b"\n"), chain)
                if id_hash in new or id_hash in old:
                    repeated += 1
                    continue
                new.add(id_hash)
            except Exception as problem:  # noqa: BLE001  whatever a decoder raises, the other lines are read
                if raw.isspace():
                    skipped += 1
                    continue
                rejected += 1
                batch.reject(number, offset + source.tell() - len(raw), reject_reason(problem), raw)
                continue
            group = table.get(key)
            if group is None:
                table[key] = [calls, errors, gone, input_tokens, output_tokens, cost, at, number, identifier]
                continue
            if calls is not None:
                group[0] = calls + (group[0] or 0)
            if errors is not None:
                group[1] = errors + (group[1] or 0)
            if gone is not None:
                group[2] = gone + (group[2] or 0)
            if input_tokens is not None:
                group[3] = input_tokens + (group[3] or 0)
            if output_tokens is not None:
                group[4] = output_tokens + (group[4] or 0)
            if cost is not None:
                group[5] = cost + (group[5] or 0)
            if at >= group[6]:
                group[6], group[7], group[8] = at, number, identifier
        batch.lines += number + 1 - line
        batch.skipped += skipped
        batch.duplicates += repeated
        batch.accepted += number + 1 - line - skipped - repeated - rejected
        self._fold({(hour, key): group for hour, found in groups.items() for key, group in found.items()}, batch)

    def caller_and_name(self, key: tuple) -> tuple[Caller, Called]:
        """As `describe`, remembered."""
        names = self._described
        found = names.get(key)
        if found is None:
            if len(names) > DESCRIBED:
                names.clear()
            found = names[key] = self.describe(key)
        return found

    def _fold(self, groups: dict[tuple[int, tuple], Group], batch: Batch) -> None:
        for (hour, key), group in groups.items():
            batch.add_group(hour, self.caller_and_name(key), group)


def reject_reason(problem: Exception) -> str:
    """The words for a rejected line. Our own and the decoder's messages name fields, not values; those of other
    errors may hold content, so only their kind is told.
    """
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    if isinstance(problem, UnicodeError):
        return "not valid UTF-8"
    if isinstance(problem, ValueError | msgspec.MsgspecError):
        return str(problem)
    return f"its format's decoder failed: {type(problem).__name__}"
