"""The one loop that every line format shares: parse, bound, recognise a repeated id, add up."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from isal.isal_zlib import crc32
from xxhash import xxh3_64_intdigest

from dashboard.usage.records import (
    FIRST_HOUR,
    Batch,
    Called,
    Caller,
    Measures,
    Row,
    add_measures,
)

__all__ = ["Format", "LineFormat", "Sample"]

DESCRIBED = 20_000


@dataclass(frozen=True)
class Sample:
    """The first lines of a file, for detection: raw, and those that are JSON objects decoded."""

    lines: list[bytes]
    objects: list[dict[str, Any]]

    @property
    def needed(self) -> int:
        """How many lines must look like a format's before a file is taken for it: most of them."""
        return max(1, math.ceil(len(self.lines) * 0.6))


class Format(Protocol):
    """A log format: its name, how it reads complete lines, and how it knows its own."""

    name: str
    # Tells sums that may be told again: `batch.readings`, which replace, rather than `batch.sums`, which add.
    aggregated: bool

    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        """Add complete lines to `batch`; the first is number `line` at byte `offset` of the content."""

    def recognise(self, sample: Sample) -> str:
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
        # The same few thousand keys come in every block; bounded, as nothing else here is kept.
        self._described: dict[tuple, tuple[Caller, Called]] = {}

    def extract(self, record: Any) -> Row | None:
        raise NotImplementedError

    def read(self, raw: bytes) -> Row | None:
        """Both in one, for formats that have a shorter way for what most of their lines are."""
        return self.extract(self.parse(raw))

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        """Who and what a raw grouping key stands for; asked once per distinct key, not per line."""
        raise NotImplementedError

    def recognise(self, sample: Sample) -> str:
        raise NotImplementedError

    # One loop without calls into other functions of ours per line: it is where ingest spends its time.
    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:  # noqa: C901
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        groups: dict[int, dict[tuple, Measures]] = {}
        table: dict[tuple, Measures] = {}
        read, seen, fresh, latest = self.read, batch.seen, batch.fresh, batch.last_hour
        digest, earliest = xxh3_64_intdigest, FIRST_HOUR
        repeated = skipped = rejected = placed = chained = 0
        chain = batch.before
        at: int | None = None
        old: Collection[int] = ()
        new: set[int] = set()
        for index, raw in enumerate(lines):
            try:
                row = read(raw)
                if row is None:
                    skipped += 1
                    continue
                hour, key, identifier, calls, errors, gone, taken, given, cost = row
                if hour != at:
                    if not earliest <= hour <= latest:
                        raise ValueError("the time is before 2015 or more than two days ahead")  # noqa: TRY301
                    at, old, new = hour, seen(hour), fresh.setdefault(hour, set())
                    table = groups.setdefault(hour, {})
                if identifier:
                    mark = digest(identifier.encode())
                else:
                    # Known by its place: the line, and everything before it in its file.
                    if index > chained:
                        chain = crc32(b"\n".join(lines[chained:index]) + b"\n", chain)
                        chained = index
                    mark = digest(raw, chain)
                if mark in new or mark in old:
                    repeated += 1
                    continue
                new.add(mark)
            except (ValueError, RecursionError, msgspec.MsgspecError) as problem:
                if not raw or raw.isspace():
                    skipped += 1
                    continue
                rejected += 1
                offset += sum(map(len, lines[placed:index])) + index - placed
                placed = index
                batch.reject(line + index, offset, reason(problem), raw)
                continue
            group = table.get(key)
            if group is None:
                table[key] = [calls, errors, gone, taken, given, cost]
                continue
            if calls is not None:
                group[0] = calls + (group[0] or 0)
            if errors is not None:
                group[1] = errors + (group[1] or 0)
            if gone is not None:
                group[2] = gone + (group[2] or 0)
            if taken is not None:
                group[3] = taken + (group[3] or 0)
            if given is not None:
                group[4] = given + (group[4] or 0)
            if cost is not None:
                group[5] = cost + (group[5] or 0)
        batch.lines += len(lines)
        batch.skipped += skipped
        batch.duplicates += repeated
        batch.accepted += len(lines) - skipped - repeated - rejected
        self._fold({(hour, key): group for hour, found in groups.items() for key, group in found.items()}, batch)

    def _fold(self, groups: dict[tuple[int, tuple], Measures], batch: Batch) -> None:
        names = self._described
        if len(names) > DESCRIBED:
            names.clear()
        for (hour, key), measures in groups.items():
            name = names.get(key)
            if name is None:
                name = names[key] = self.describe(key)
            known = batch.sums.get((hour, *name))
            if known is None:
                batch.sums[hour, *name] = measures
            else:
                add_measures(known, measures)


def reason(problem: Exception) -> str:
    """The words for a rejected line. Our own and the decoder's messages name fields, not values."""
    if isinstance(problem, RecursionError):
        return "nested too deeply"
    if isinstance(problem, UnicodeError):
        return "not valid UTF-8"
    return str(problem)
