"""What the generator wrote, summed while writing: independent of the pipeline that tests compare with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

__all__ = ["CallTotals", "ExpectedTotals"]


@dataclass(slots=True)
class CallTotals:
    """Sums over calls. Tokens stay None where the log format has none."""

    calls: int = 0
    errors: int = 0
    gone: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None

    def add(self, other: "CallTotals") -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.gone += other.gone
        if other.input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + other.input_tokens
        if other.output_tokens is not None:
            self.output_tokens = (self.output_tokens or 0) + other.output_tokens


@dataclass(slots=True)
class ExpectedTotals:
    """Sums per (day, application key, name as called); "" where the log has no model name."""

    lines: dict[tuple[date, str, str], CallTotals] = field(default_factory=dict)

    def add(self, day: date, key: str, called_as: str, written: CallTotals) -> None:
        self.lines.setdefault((day, key, called_as), CallTotals()).add(written)

    def merge(self, other: "ExpectedTotals") -> None:
        for (day, key, called_as), written in other.lines.items():
            self.add(day, key, called_as, written)

    def per_day(self) -> dict[date, CallTotals]:
        """Sums over everything per day, days in order."""
        sums: dict[date, CallTotals] = {}
        for day, _, _, written in self.rows():
            sums.setdefault(day, CallTotals()).add(written)
        return sums

    def rows(self) -> Iterator[tuple[date, str, str, CallTotals]]:
        """(day, application key, name as called, sums), in that order."""
        for (day, key, called_as), written in sorted(self.lines.items(), key=lambda item: item[0]):
            yield day, key, called_as, written

    def total(self) -> CallTotals:
        total = CallTotals()
        for written in self.lines.values():
            total.add(written)
        return total
