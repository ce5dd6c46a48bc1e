"""What the generator says it wrote, counted while writing and independent of the pipeline that reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

__all__ = ["Ledger", "Written"]


@dataclass(slots=True)
class Written:
    """Sums of one ledger line. Tokens stay None where the log format has none."""

    calls: int = 0
    errors: int = 0
    gone: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None

    def add(self, other: "Written") -> None:
        self.calls += other.calls
        self.errors += other.errors
        self.gone += other.gone
        if other.input_tokens is not None:
            self.input_tokens = (self.input_tokens or 0) + other.input_tokens
        if other.output_tokens is not None:
            self.output_tokens = (self.output_tokens or 0) + other.output_tokens


@dataclass(slots=True)
class Ledger:
    """Sums per (day, application key, name as called); "" is a name that the log does not tell."""

    lines: dict[tuple[date, str, str], Written] = field(default_factory=dict)

    def note(self, day: date, key: str, called_as: str, written: Written) -> None:
        self.lines.setdefault((day, key, called_as), Written()).add(written)

    def merge(self, other: "Ledger") -> None:
        for (day, key, called_as), written in other.lines.items():
            self.note(day, key, called_as, written)

    def per_day(self) -> dict[date, Written]:
        """Sums over everything per day, days in order."""
        sums: dict[date, Written] = {}
        for day, _, _, written in self.rows():
            sums.setdefault(day, Written()).add(written)
        return sums

    def rows(self) -> Iterator[tuple[date, str, str, Written]]:
        """(day, application key, name as called, sums), in that order."""
        for (day, key, called_as), written in sorted(self.lines.items(), key=lambda item: item[0]):
            yield day, key, called_as, written

    def total(self) -> Written:
        total = Written()
        for written in self.lines.values():
            total.add(written)
        return total
