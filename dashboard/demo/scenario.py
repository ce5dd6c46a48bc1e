"""Data types of the demo scenario: who calls which model, in which rhythm, along which curve.

Pure data. Days are UTC days, volumes are calls on an ordinary working day of the rhythm, shares are
0 to 1. A curve is a line through points: flat before its first, flat after its last.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

__all__ = [
    "ANNOUNCED_ON",
    "FIRST_DAY",
    "LAST_DAY",
    "SUNSET_ON",
    "CallStream",
    "Curve",
    "DemoApplication",
    "Gateway",
    "Rhythm",
    "migration",
    "scenario_day",
    "scenario_days",
    "share_on",
]

FIRST_DAY = date(2023, 6, 22)
LAST_DAY = date(2024, 1, 10)
ANNOUNCED_ON = date(2023, 7, 6)
SUNSET_ON = date(2024, 1, 4)

Gateway = Literal["litellm", "edge", "partner", "platform"]
Rhythm = Literal["office", "shop", "nightly", "always"]
Api = Literal["completions", "chat", "embeddings", "edits", "edits-by-engine"]
Curve = tuple[tuple[date, float], ...]

FOREVER: Curve = ((FIRST_DAY, 1.0),)


@dataclass(frozen=True, slots=True)
class CallStream:
    """Calls to one model: `volume` times the share of `curve` on the day.

    `served_by` names the model that answers in its place from the sunset on (a silent redirect);
    `retires` streams without one are answered with 404 from that day on.
    """

    model: str
    api: Api
    volume: float
    curve: Curve = FOREVER
    retires: bool = False
    served_by: str = ""


@dataclass(frozen=True, slots=True)
class DemoApplication:
    """One application. `key` identifies it in logs: service account, key alias or name.

    `key_alias_only`: its gateway key belongs to no team. `internal`: calls that the gateway makes itself.
    """

    key: str
    name: str
    team: str
    owner: str
    gateway: Gateway
    rhythm: Rhythm
    streams: tuple[CallStream, ...]
    role: str = ""
    criticality: int = 3
    last_logged_on: date = LAST_DAY
    key_alias_only: bool = False
    internal: bool = False


def scenario_day(text: str) -> date:
    """The day of the scenario written as `07-28`: in 2024 for January, else in 2023."""
    month, number = text.split("-")
    return date(2024 if month == "01" else 2023, int(month), int(number))


def scenario_days(first: date = FIRST_DAY, last: date = LAST_DAY) -> Iterator[date]:
    """Every day from first to last, both included."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def share_on(curve: Curve, on: date) -> float:
    """The height of a curve on a day."""
    before, height = curve[0]
    if on <= before:
        return height
    for after, next_height in curve[1:]:
        if on <= after:
            return height + (next_height - height) * ((on - before).days / (after - before).days)
        before, height = after, next_height
    return height


def migration(
    before: str,
    after: str,
    volume: float,
    *points: tuple[str, float],
    api: Api = "completions",
    to: Api = "completions",
    served_by: str = "",
) -> tuple[CallStream, ...]:
    """An application that moves `volume` calls from one model to another.

    Points are (day, share still going to the old model); none means that it never moves.
    """
    if not points:
        return (CallStream(before, api, volume, retires=True, served_by=served_by),)
    curve = tuple((scenario_day(text), share) for text, share in points)
    rest = tuple((on, 1.0 - share) for on, share in curve)
    return (
        CallStream(before, api, volume, curve, retires=True, served_by=served_by),
        CallStream(after, to, volume, rest),
    )
