"""What formats of aggregated sources share: pages of a usage API, tables of sums as CSV or JSON.

They yield bucket values, which replace earlier values of the same key and bucket, instead of calls that add up.
A file is one delivery: its rows of one key and bucket are summed.
"""

import copy
import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import msgspec

from dashboard.usage.buckets import add_bucket_value
from dashboard.usage.formats.base import DetectionSample, reject_reason
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat
from dashboard.usage.records import FIRST_HOUR, Batch, BucketValue, checked_count, cost_nano

__all__ = ["AggregatedFormat", "cell_text", "csv_columns", "csv_header", "parse_cost", "parse_count"]

MAX_BUCKETS = 500_000  # bucket values of one delivery, which are held in memory
MAX_COLUMNS = 200
_any = msgspec.json.Decoder()


class AggregatedFormat(DocumentFormat):
    """Bucket values from JSON (pages, arrays, a record per line) or from CSV with a header.

    `parts` splits what JSON holds into records, `bucket_value` makes a value of one: None for a record that
    names no model, ValueError for one that is wrong. `under` are the keys of a page's array.
    """

    aggregated = True
    many = True
    under: tuple[str, ...] = ("data",)
    tabular = False  # whether it comes as CSV, too
    # Of CSV: the columns in order, once the file's header was read.
    columns: tuple[str, ...] | None = None
    delimiter = ","

    def parts(self, element: Mapping[str, Any]) -> Iterable[Any]:
        """The records in one element of a page, or one line."""
        yield element

    def bucket_value(self, record: Any) -> BucketValue | None:
        raise NotImplementedError

    def for_file(self, head: bytes, config: Mapping[str, Any]) -> Self:  # noqa: ARG002  one format maps columns
        """This format, ready for a file that begins with `head`; `config` is its source's."""
        if not self.tabular or head.lstrip()[:1] in {b"{", b"[", b""}:
            return self
        reader = copy.copy(self)
        reader.delimiter, reader.columns = csv_columns(head)
        return reader

    def is_document(self, head: bytes) -> bool:
        return head.lstrip()[:1] in {b"{", b"["}

    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        reader = self if self.columns is not None or offset else self.for_file(data[: 64 << 10], {})
        lines = data.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for index, raw in enumerate(lines):
            if not raw.strip() or (offset == 0 and reader.columns is not None):
                batch.skipped += 1  # nothing, or the header
            else:
                reader.add_line(raw, batch, line + index, offset)
            offset += len(raw) + 1
        batch.lines += len(lines)

    def decode_document(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        before = _counted(batch)
        self.add_line(data, batch, line, offset)
        batch.lines += _counted(batch) - before

    def add(self, records: Iterable[Any], batch: Batch) -> None:
        for record in records:
            try:
                self.add_record(record, batch)
            except RECORD_ERRORS as problem:
                batch.reject(0, 0, reject_reason(problem), b"")

    def add_line(self, raw: bytes, batch: Batch, line: int, offset: int) -> None:
        """Count a line or a document: each record in it is one."""
        try:
            records = list(self._records(raw))
        except RECORD_ERRORS as problem:
            batch.reject(line, offset, reject_reason(problem), raw)
            return
        if not records:
            batch.skipped += 1
        for record in records:
            try:
                self.add_record(record, batch)
            except RECORD_ERRORS as problem:
                batch.reject(line, offset, reject_reason(problem), raw if len(records) == 1 else b"")

    def _records(self, raw: bytes) -> Iterator[Any]:
        if self.columns is not None:
            yield self._row(raw)
            return
        for element in self._elements(_any.decode(raw)):
            if not isinstance(element, dict):
                raise ValueError("not a JSON object")  # noqa: TRY004  what is wrong is the line
            yield from self.parts(element)

    def _elements(self, value: Any) -> Iterator[Any]:
        """What a page holds; an array may hold records or pages."""
        if isinstance(value, list):
            for each in value:
                yield from self._elements(each)
            return
        held = (value.get(key) for key in self.under) if isinstance(value, dict) else ()
        page = next((found for found in held if isinstance(found, list)), None)
        yield from [value] if page is None else page

    def _row(self, raw: bytes) -> dict[str, str]:
        if raw.count(b'"') % 2:
            raise ValueError("a quote has no end on its line")
        cells = _cells(raw.decode().rstrip("\r"), self.delimiter)
        columns = self.columns or ()
        if len(cells) != len(columns):
            raise ValueError(f"{len(cells)} columns, the header has {len(columns)}")
        return dict(zip(columns, cells, strict=True))

    def add_record(self, record: Any, batch: Batch) -> None:
        bucket = self.bucket_value(record)
        if bucket is None:
            batch.skipped += 1
            return
        if not FIRST_HOUR <= bucket.start // 3600 <= batch.last_hour:
            raise ValueError("the time is before 2015 or more than two days ahead")
        if len(batch.buckets) >= MAX_BUCKETS and (bucket.key, bucket.start) not in batch.buckets:
            raise ValueError(f"more than {MAX_BUCKETS} sums in one file: deliver it in parts")
        add_bucket_value(batch.buckets, bucket)
        batch.accepted += 1


def csv_columns(head: bytes) -> tuple[str, tuple[str, ...]]:
    """A CSV's delimiter and its columns, in lower case, from its first line."""
    first = head.partition(b"\n")[0].decode("utf-8", "replace").lstrip("\ufeff").rstrip("\r")
    delimiter = max(",;\t", key=first.count)
    try:
        cells = _cells(first, delimiter)
    except ValueError:
        cells = []
    return delimiter, tuple(cell.strip().lower() for cell in cells[:MAX_COLUMNS])


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        raise ValueError("not a line of CSV") from None


def csv_header(sample: DetectionSample) -> set[str]:
    """The columns of what may be a CSV; none of what is JSON."""
    if not sample.lines or sample.lines[0].lstrip()[:1] in {b"{", b"["}:
        return set()
    return set(csv_columns(sample.lines[0])[1])


def cell_text(value: object) -> str:
    """A name from JSON or CSV; "" for null."""
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def parse_count(value: object, name: str) -> int | None:
    """A count from JSON or CSV; None where it is null or empty."""
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return None
        if not value.isdigit():
            value = _number(value, name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise ValueError(f"{name} is not a count")
    return checked_count(value, name)


def parse_cost(value: object, name: str) -> int | None:
    """An amount of USD from JSON or CSV, in nano-USD; None where it is null or empty."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} is not an amount")  # noqa: TRY004  what is wrong is the record
    return cost_nano(_number(value, name), name)


def _number(value: float | str, name: str) -> float:
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not a number") from None


def _counted(batch: Batch) -> int:
    return batch.accepted + batch.rejected + batch.duplicates + batch.skipped
