"""Lists as CSV files: streamed, bounded, and safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse

from dashboard.core.csv_safety import safe_cell

__all__ = ["LIMIT", "csv_response"]

LIMIT = 100_000
"""Rows of one file; a longer list is cut and ends with a note."""


class _Echo:
    """A file whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    name: str, as_of: date, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A download `sundial-NAME-DAY.csv`, in UTF-8 with a byte order mark, for spreadsheets."""
    response = StreamingHttpResponse(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="sundial-{name}-{as_of.isoformat()}.csv"'
    return response


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(columns)
    remaining = iter(rows)
    for row in islice(remaining, LIMIT):
        yield writer.writerow([safe_cell(value) for value in row])
    if next(remaining, None) is not None:
        yield writer.writerow([f"cut off after {LIMIT} rows"])
