"""CSV in columns of your own, with a header: sums per day or per minute and longer, or one call per row.

Columns are ours (`date` or `ts`, `application`, `team`, `key_alias`, `tags`, `platform`, `model`,
`endpoint`, `calls`, `errors`, `gone`, `input_tokens`, `output_tokens`, `cost` in USD, `id`), or any that the
source's configuration translates: `{"columns": {"their column": "our field"}}`.

With a column `calls`, rows are sums, and a row that comes again replaces what it said before. Without one
every row is a call and adds up; `id` then tells a call that comes again.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.usage.buckets import DAY, MINUTE, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, csv_header, parse_cost, parse_count
from dashboard.usage.formats.base import DetectionSample, reject_reason
from dashboard.usage.formats.csv.fast_path import CSVFastPath
from dashboard.usage.formats.documents import RECORD_ERRORS
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.records import INTERNAL, UNKNOWN, Batch, BucketValue, Called, Caller, CallRow, Group, clean

__all__ = ["CSVFormat"]

TIME = ("ts", "date", "day", "hour")
WHO = ("application", "team", "key_alias", "tags")
WHAT = ("platform", "model", "endpoint")
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens")
FIELDS = {*TIME, *WHO, *WHAT, *MEASURES, "cost", "id"}


class CSVFormat(AggregatedFormat):
    name = "csv"
    tabular = True

    def for_file(self, head: bytes, config: Mapping[str, Any]) -> "CSVFormat":
        reader = super().for_file(head, config)
        translated = config.get("columns")
        if reader.columns and isinstance(translated, dict):
            names = {str(theirs).strip().lower(): str(ours) for theirs, ours in translated.items()}
            reader.columns = tuple(names.get(column, column) for column in reader.columns)
        if reader.columns and "model" in reader.columns and "calls" not in reader.columns:
            return CSVCalls(reader.columns, reader.delimiter)
        return reader

    def bucket_value(self, record: Mapping[str, str]) -> BucketValue:
        when = _when(record)
        is_day = len(when) == 10 and when[4:5] == "-"
        start = parse_instant(when)
        calls, *others = self._measures(record)
        return BucketValue(
            key_digest(*(cell_text(record.get(name)) for name in (*WHO, *WHAT))),
            start if is_day else start // MINUTE * MINUTE,
            DAY if is_day else MINUTE,
            *self.describe(self._key(record)),
            (calls, *others),
        )

    def extract(self, record: Mapping[str, str]) -> CallRow:
        _, *others = self._measures(record)
        return (parse_instant(_when(record)), self._key(record), cell_text(record.get("id")) or None, 1, *others)  # type: ignore[return-value]

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        application, team, alias, tags, platform, model, endpoint = key
        consumer = clean(application or team or alias, 200) or UNKNOWN
        caller = Caller(
            consumer, clean(team, 200), clean(alias, 200), clean(tags, 500), internal=consumer == INTERNAL
        )
        return caller, Called(clean(platform, 60), clean(model, 300), clean(endpoint, 100))

    def recognise(self, sample: DetectionSample) -> str:
        columns = csv_header(sample)
        ours = columns <= FIELDS and "model" in columns and columns & set(TIME) and len(columns) > 2
        return "a CSV with Sundial's own columns" if ours else ""

    def add_record(self, record: Mapping[str, str], batch: Batch) -> None:
        if self.columns is None:
            raise ValueError("not a CSV with a header")
        if "model" not in record:
            raise ValueError("no column is the model: name the columns in the source's configuration")
        super().add_record(record, batch)

    @staticmethod
    def _key(record: Mapping[str, str]) -> tuple:
        return tuple(cell_text(record.get(name)) for name in (*WHO, *WHAT))

    @staticmethod
    def _measures(record: Mapping[str, str]) -> tuple[int | None, ...]:
        found = [parse_count(record.get(name), name) for name in MEASURES]
        if found[0] is not None and max(found[1] or 0, found[2] or 0) > found[0]:
            raise ValueError("more errors than calls")
        return (*found, parse_cost(record.get("cost"), "cost"))


class CSVCalls(CSVFormat, FastPathFormat):
    """A call per row."""

    aggregated = False

    def __init__(self, columns: tuple[str, ...], delimiter: str) -> None:
        super().__init__()
        self.columns, self.delimiter = columns, delimiter

    def fast_path(self, last_hour: int, before: int, offset: int) -> CSVFastPath:
        return CSVFastPath(self.columns or (), self.delimiter, (*WHO, *WHAT), TIME, last_hour, before, offset)

    def add_line(self, raw: bytes, batch: Batch, line: int, offset: int) -> None:
        groups: dict[tuple[int, tuple], Group] = {}
        try:
            self._add_row(self.extract(self._row(raw)), groups, batch, line)
        except RECORD_ERRORS as problem:
            batch.reject(line, offset, reject_reason(problem), raw)
        self._fold(groups, batch)


def _when(record: Mapping[str, str]) -> str:
    when = next((found for name in TIME if (found := cell_text(record.get(name)))), "")
    if not when:
        raise ValueError("no time: a column ts, date, day or hour is needed")
    return when
