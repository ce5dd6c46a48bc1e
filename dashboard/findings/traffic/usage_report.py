"""Usage as a table: sums by any of day, hour, application, team, platform, model, entry, name and endpoint.

Platform, model and entry are what a name meant on the day of the call, by the current resolutions; call
`name_resolution.refresh` before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, F, QuerySet, Sum, When
from django.db.models.expressions import Combinable

from dashboard.findings.name_resolution import with_resolution
from dashboard.usage.models import DailyRollup, HourlyRollup, Source
from dashboard.usage.records import UNKNOWN

__all__ = ["COLUMNS", "MEASURES", "ReportError", "UsageRow", "usage_rows"]

MEASURES = ("calls", "errors", "gone", "input_tokens", "output_tokens", "cost")
MAX_ROWS = 100_000

COLUMNS: dict[str, str | Combinable] = {
    "day": "day",
    "hour": "hour",
    "application": "identity__application__name",
    "team": Case(
        When(identity__application__team="", then=F("identity__team")), default=F("identity__application__team")
    ),
    "platform": "resolution__platform",
    "model": "resolution__model",
    "entry": "resolution__entry__name",
    "called_as": "name__called_as",
    "endpoint": "name__endpoint",
}
"""What a report can be grouped by, and its column or expression on a rollup."""


class ReportError(Exception):
    """A report that cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One group: its `keys` in the order asked for, and its sums. A sum is None where no record had a value;
    `cost` is in USD."""

    keys: tuple[Any, ...]
    calls: int | None
    errors: int | None
    gone: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None

    def as_dict(self, by: Sequence[str]) -> dict[str, Any]:
        """Field to value, days and hours in ISO 8601: what JSON and CSV show."""
        texts = [_text(key) for key in self.keys]
        return dict(zip(by, texts, strict=True)) | {name: getattr(self, name) for name in MEASURES}


def usage_rows(first: date, last: date, by: Sequence[str], source: Source | None = None) -> list[UsageRow]:
    """Sums of the days `first` to `last`, both included, in the order of the groups.

    By hour it reads the hourly rollups, which go back `SUNDIAL_HOURLY_DAYS` only. Raises ReportError.
    """
    unknown = [name for name in by if name not in COLUMNS]
    if unknown or not by or len(set(by)) < len(by):
        raise ReportError(f"a report is by one or more of {', '.join(COLUMNS)}, each once")
    if last < first:
        raise ReportError(f"the last day, {last}, lies before the first, {first}")
    rows = _hours(first, last) if "hour" in by else DailyRollup.objects.filter(day__gte=first, day__lte=last)
    if source is not None:
        rows = rows.filter(source=source)
    groups = list(_grouped(rows, by)[: MAX_ROWS + 1])
    if len(groups) > MAX_ROWS:
        raise ReportError(f"more than {MAX_ROWS} rows: ask for fewer days or coarser groups")
    return sorted(_rows(groups, by), key=lambda row: tuple(str(key) for key in row.keys))


def _hours(first: date, last: date) -> QuerySet:
    start = datetime.combine(first, time(), tzinfo=UTC)
    end = datetime.combine(last, time(), tzinfo=UTC) + timedelta(days=1)
    return HourlyRollup.objects.filter(hour__gte=start, hour__lt=end)


def _grouped(rows: QuerySet, by: Sequence[str]) -> QuerySet:
    if "hour" in by and "day" in by:
        by = [name for name in by if name != "day"]  # the hour contains the day
    named = {f"by_{name}": F(c) if isinstance(c := COLUMNS[name], str) else c for name in by}
    sums = {f"sum_{name}": Sum(name) for name in MEASURES[:-1]} | {"sum_cost": Sum("cost_nano")}
    return with_resolution(rows).order_by().values(**named).annotate(**sums)


def _rows(found: list[dict], by: Sequence[str]) -> Iterator[UsageRow]:
    for row in found:
        keys = tuple(_key(row, name) for name in by)
        cost = row["sum_cost"]
        sums = (row[f"sum_{name}"] for name in MEASURES[:-1])
        calls, errors, gone, taken, given = (None if value is None else int(value) for value in sums)
        yield UsageRow(keys, calls, errors, gone, taken, given, None if cost is None else float(cost) / 1e9)


def _key(row: dict, name: str) -> Any:
    if name == "day" and "by_day" not in row:
        return row["by_hour"].date()
    value = row[f"by_{name}"]
    return UNKNOWN if value is None and name in {"platform", "model"} else value


def _text(key: Any) -> Any:
    if isinstance(key, datetime):
        return key.strftime("%Y-%m-%dT%H:00:00Z")
    return key.isoformat() if isinstance(key, date) else key
