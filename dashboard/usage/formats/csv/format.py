"""CSV in columns of your own, with a header: sums per day or per minute and longer, or one call per row.

Columns are ours (`date` or `ts`, `application`, `team`, `key_alias`, `tags`, `platform`, `model`,
`endpoint`, `calls`, `errors`, `gone`, `input_tokens`, `output_tokens`, `cost` in USD, `id`), or any that the
source's configuration translates: `{"columns": {"their column": "our field"}}`.

With a column `calls`, rows are sums, and a row that comes again replaces what it said before. Without one
every row is a call and adds up; `id` then tells a call that comes again.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.usage.buckets import DAY, MINUTE, digest, instant
from dashboard.usage.formats.aggregated import Aggregated, amount, count, header, text
from dashboard.usage.formats.base import Sample, reason
from dashboard.usage.formats.csv.fast_path import UsualRows
from dashboard.usage.formats.documents import FAULTS
from dashboard.usage.formats.fast_path import QuickFormat
from dashboard.usage.records import INTERNAL, UNKNOWN, Batch, BucketValue, Called, Caller, Group, Row, clean

__all__ = ["CommaSeparated"]

TIME = ("ts", "date", "day", "hour")
WHO = ("application", "team", "key_alias", "tags")
WHAT = ("platform", "model", "endpoint")
MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens")
FIELDS = {*TIME, *WHO, *WHAT, *MEASURES, "cost", "id"}


class CommaSeparated(Aggregated):
    name = "csv"
    tabular = True

    def opened(self, head: bytes, config: Mapping[str, Any]) -> "CommaSeparated":
        reader = super().opened(head, config)
        translated = config.get("columns")
        if reader.columns and isinstance(translated, dict):
            names = {str(theirs).strip().lower(): str(ours) for theirs, ours in translated.items()}
            reader.columns = tuple(names.get(column, column) for column in reader.columns)
        if reader.columns and "model" in reader.columns and "calls" not in reader.columns:
            return CallRows(reader.columns, reader.delimiter)
        return reader

    def reading(self, record: Mapping[str, str]) -> BucketValue:
        when = _when(record)
        is_day = len(when) == 10 and when[4:5] == "-"
        start = instant(when)
        calls, *others = self._measures(record)
        return BucketValue(
            digest(*(text(record.get(name)) for name in (*WHO, *WHAT))),
            start if is_day else start // MINUTE * MINUTE,
            DAY if is_day else MINUTE,
            *self.describe(self._key(record)),
            (calls, *others),
        )

    def extract(self, record: Mapping[str, str]) -> Row:
        _, *others = self._measures(record)
        return (instant(_when(record)), self._key(record), text(record.get("id")) or None, 1, *others)  # type: ignore[return-value]

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        application, team, alias, tags, platform, model, endpoint = key
        consumer = clean(application or team or alias, 200) or UNKNOWN
        caller = Caller(
            consumer, clean(team, 200), clean(alias, 200), clean(tags, 500), internal=consumer == INTERNAL
        )
        return caller, Called(clean(platform, 60), clean(model, 300), clean(endpoint, 100))

    def recognise(self, sample: Sample) -> str:
        columns = header(sample)
        ours = columns <= FIELDS and "model" in columns and columns & set(TIME) and len(columns) > 2
        return "a CSV with Sundial's own columns" if ours else ""

    def _take(self, record: Mapping[str, str], batch: Batch) -> None:
        if self.columns is None:
            raise ValueError("not a CSV with a header")
        if "model" not in record:
            raise ValueError("no column is the model: name the columns in the source's configuration")
        super()._take(record, batch)

    @staticmethod
    def _key(record: Mapping[str, str]) -> tuple:
        return tuple(text(record.get(name)) for name in (*WHO, *WHAT))

    @staticmethod
    def _measures(record: Mapping[str, str]) -> tuple[int | None, ...]:
        found = [count(record.get(name), name) for name in MEASURES]
        if found[0] is not None and max(found[1] or 0, found[2] or 0) > found[0]:
            raise ValueError("more errors than calls")
        return (*found, amount(record.get("cost"), "cost"))


class CallRows(CommaSeparated, QuickFormat):
    """A call per row."""

    aggregated = False

    def __init__(self, columns: tuple[str, ...], delimiter: str) -> None:
        super().__init__()
        self.columns, self.delimiter = columns, delimiter

    def usual(self, last_hour: int, before: int, offset: int) -> UsualRows:
        return UsualRows(self.columns or (), self.delimiter, (*WHO, *WHAT), TIME, last_hour, before, offset)

    def add_line(self, raw: bytes, batch: Batch, line: int, offset: int) -> None:
        groups: dict[tuple[int, tuple], Group] = {}
        try:
            self._add_row(self.extract(self._row(raw)), groups, batch, line)
        except FAULTS as problem:
            batch.reject(line, offset, reason(problem), raw)
        self._fold(groups, batch)


def _when(record: Mapping[str, str]) -> str:
    when = next((found for name in TIME if (found := text(record.get(name)))), "")
    if not when:
        raise ValueError("no time: a column ts, date, day or hour is needed")
    return when
