"""A chart as a page shows it: the figure, a summary in one sentence, and its numbers as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from dashboard.charts.layout import Figure

__all__ = ["ChartCard", "TableCell"]

TableCell = date | datetime | float | str | None


@dataclass(frozen=True, slots=True)
class ChartCard:
    """One chart. All texts are translated; `rows` are its numbers, the first cell of each naming the row."""

    id: str
    """Unique on its page; letters, digits and hyphens."""
    title: str
    summary: str
    """What the chart shows, in one sentence: its accessible name."""
    figure: Figure
    columns: Sequence[str]
    rows: Sequence[Sequence[TableCell]] = field(repr=False)
    note: str = ""
    """How fresh the numbers are, and which of them are incomplete."""
    csv_url: str = ""
    html_url: str = ""
    """Where the chart can be downloaded as one interactive HTML file."""
    short: bool = False
