"""The fast path for CSV with one call per row; the columns are those of `format`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from io import BytesIO
from operator import itemgetter
from typing import Any

from xxhash import xxh3_64_digest

from dashboard.usage.buckets import parse_instant
from dashboard.usage.formats.aggregated import cell_text
from dashboard.usage.formats.fast_path import FastPath, SlowPathLine
from dashboard.usage.records import FIRST_HOUR, MAX_COST, MAX_COUNT, Group

__all__ = ["CSVFastPath"]

TIMES = 50_000  # remembered for a run
COUNTS = ("errors", "gone", "input_tokens", "output_tokens")


class CSVFastPath(FastPath):
    """Rows without quotes, with a time, and counts that are plain digits or nothing.

    `key_columns` identify caller and model; `time_columns` may hold the time, the first one present does.
    """

    def __init__(
        self, columns: tuple[str, ...], delimiter: str, told_by: Iterable[str], when: Iterable[str], *where: int
    ) -> None:
        super().__init__(*where)
        self.columns, self.delimiter = columns, delimiter
        self.place: Mapping[str, int] = {name: index for index, name in enumerate(columns)}
        self.key_columns = tuple(told_by)
        self.time_column = next((self.place[name] for name in when if name in self.place), -1)
        self.counts = [(n, self.place[name]) for n, name in enumerate(COUNTS, 1) if name in self.place]
        self.hours: dict[int, dict[Any, Group]] = {}
        self.times: dict[str, int] = {}

    # One loop without calls of our own functions, as in `LineFormat.decode`.
    def add_lines(self, data: bytes) -> list[SlowPathLine]:  # noqa: C901
        if b'"' in data or b"\r" in data or self.time_column < 0 or not data.isascii():
            return self._all_slow(data)
        width, delimiter, when, counts, times = (
            len(self.columns),
            self.delimiter,
            self.time_column,
            self.counts,
            self.times,
        )
        key_of = itemgetter(*(self.place[name] for name in self.key_columns if name in self.place))
        cost_at, id_at = self.place.get("cost", -1), self.place.get("id", -1)
        table: dict[Any, Group] = {}
        add_digest: Callable[[bytes], None] = list[bytes]().append
        slow_lines: list[SlowPathLine] = []
        begin = end = passed = 0
        number = self.lines - 1
        lines = data.decode().removesuffix("\n").split("\n")
        for number, line in enumerate(lines, self.lines):
            passed += len(line) + 1
            if number == 0 and self.offset == 0:
                self.skipped += 1  # the header
                continue
            cells = line.split(delimiter)
            try:
                at = times.get(cells[when], -1)
                if at < 0:
                    at = self._at(cells[when])
                if len(cells) != width:
                    raise ValueError  # noqa: TRY301
                if not begin <= at < end:
                    hour = at // 3600
                    if not FIRST_HOUR <= hour <= self.last_hour:
                        raise ValueError  # noqa: TRY301
                    begin, end = hour * 3600, hour * 3600 + 3600
                    table = self.hours.setdefault(hour, {})
                    add_digest = self.digests.setdefault(hour, []).append
                found: list[tuple[int, int]] = []
                for measure, index in counts:
                    if cell := cells[index]:
                        if not cell.isdigit() or (value := int(cell)) > MAX_COUNT:
                            raise ValueError  # noqa: TRY301
                        found.append((measure, value))
                if cost_at >= 0 and (cell := cells[cost_at]):
                    cost = float(cell)
                    if not 0 <= cost <= MAX_COST:
                        raise ValueError  # noqa: TRY301
                    found.append((5, round(cost * 1_000_000_000)))
            except (ValueError, IndexError, OverflowError):
                slow_lines.append(
                    SlowPathLine(number, min(passed, len(data)), data[passed - len(line) - 1 : passed])
                )
                continue
            identifier = cells[id_at].strip() if id_at >= 0 else ""
            if identifier:
                add_digest(xxh3_64_digest(identifier.encode()))
            key = key_of(cells)
            group = table.get(key)
            if group is None:
                group = table[key] = [0, None, None, None, None, None, 0, 0, None]
            group[0] += 1
            for measure, value in found:
                group[measure] = value + (group[measure] or 0)
            if at >= group[6]:
                group[6], group[7], group[8] = at, number, identifier or None
        self.lines = number + 1
        return slow_lines

    def total_groups(self) -> Iterator[tuple[int, tuple, Group]]:
        known = [name for name in self.key_columns if name in self.place]
        for hour, table in self.hours.items():
            for cells, group in table.items():
                record = dict(zip(known, cells if isinstance(cells, tuple) else (cells,), strict=True))
                yield hour, tuple(cell_text(record.get(name)) for name in self.key_columns), group

    def _at(self, when: str) -> int:
        """The time, when this cell holds one. Raises ValueError."""
        if not when.strip():
            raise ValueError
        if len(self.times) > TIMES:
            self.times.clear()
        at = self.times[when] = parse_instant(cell_text(when))
        return at

    def _all_slow(self, data: bytes) -> list[SlowPathLine]:
        slow_lines: list[SlowPathLine] = []
        source = BytesIO(data)
        for number, raw in enumerate(source, self.lines):
            if number == 0 and self.offset == 0:
                self.skipped += 1  # the header
            else:
                slow_lines.append(SlowPathLine(number, source.tell(), raw))
            self.lines = number + 1
        return slow_lines
