"""Time left as SVG: the width of a bar, and the sun between announcement and sunset. Days in, coordinates out."""

import math
from dataclasses import dataclass
from datetime import date

__all__ = ["SunArc", "bar_width", "sun_arc"]


def bar_width(left: float, total: float) -> str:
    """The share of `total` that is left, as a width of 0 to 100; at least 2 while anything is left."""
    if left <= 0 or total <= 0:
        return "0"
    return f"{min(max(left / total * 100, 2), 100):.1f}"


@dataclass(frozen=True, slots=True)
class SunArc:
    """The sun's position in a view of 320 x 120 with the horizon at y = 96. `set`: below the horizon."""

    x: str
    y: str
    set: bool
    past: str
    """The path travelled so far; empty before the announcement."""
    sky: str
    """The whole path."""


def sun_arc(announced_on: date, sunset_on: date, as_of: date) -> SunArc:
    """The sun on a half ellipse from the announcement (left) to the sunset (right)."""
    length = max((sunset_on - announced_on).days, 1)
    way = min(max((as_of - announced_on).days / length, 0), 1)
    is_set = as_of >= sunset_on
    start, x, y = _on_arc(0), *_on_arc(way)
    past = f"M{start[0]} {start[1]}A140 80 0 0 1 {x} {y}" if way > 0 else ""
    sky = f"M{start[0]} {start[1]}A140 80 0 0 1 {_on_arc(1)[0]} {start[1]}"
    return SunArc(f"{x}", f"{y + 8 if is_set else y}", is_set, past, sky)


def _on_arc(way: float) -> tuple[float, float]:
    angle = math.pi * (1 - way)
    return round(160 + 140 * math.cos(angle), 1), round(96 - 80 * math.sin(angle), 1)
