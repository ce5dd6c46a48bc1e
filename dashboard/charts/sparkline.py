"""Sparklines: a line without axes for a table cell. Numbers in, SVG points out."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Sparkline", "sparkline"]


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The points of a polyline, and of its area, in a view of 100 x 24."""

    line: str
    area: str


def sparkline(values: Sequence[float | None]) -> Sparkline:
    """A line through `values`, from zero at the bottom to their maximum at the top; None counts as zero."""
    heights = [max(value or 0, 0) for value in values] or [0]
    if len(heights) == 1:
        heights *= 2
    top = max(*heights, 1e-9)
    step = 100 / (len(heights) - 1)
    points = [f"{i * step:.1f},{22.5 - 21 * height / top:.1f}" for i, height in enumerate(heights)]
    return Sparkline(" ".join(points), " ".join(["0,24", *points, "100,24"]))
