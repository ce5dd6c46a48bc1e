"""How many calls of a stream happen in each hour of a day: rhythm, seasons, noise and failures.

Deterministic: every (application, stream, day) has a random generator of its own, seeded by their names, so
changing one application never changes the numbers of another. Only `random.random` is used, whose sequence
Python promises to keep.
"""

import math
from bisect import bisect
from collections import Counter
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from itertools import accumulate
from random import Random

from dashboard.demo.scenario import SUNSET_ON, CallStream, DemoApplication, Rhythm, share_on

__all__ = ["HourlyCalls", "hourly_calls", "seeded_random"]

SEED = "sundial demo 1"

# Monday to Sunday, relative to a working day.
WEEK: dict[Rhythm, tuple[float, ...]] = {
    "office": (1.05, 1.08, 1.04, 1.0, 0.83, 0.07, 0.05),
    "shop": (0.95, 0.94, 0.96, 1.0, 1.08, 1.22, 1.12),
    "nightly": (1.0, 1.0, 1.02, 0.98, 1.0, 1.0, 1.0),
    "always": (1.02, 1.01, 1.0, 1.0, 0.99, 0.93, 0.92),
}
# Midnight to 23:00 UTC.
CLOCK: dict[Rhythm, tuple[int, ...]] = {
    "office": (0, 0, 0, 0, 0, 1, 3, 8, 14, 16, 15, 11, 10, 15, 15, 13, 9, 4, 2, 1, 1, 0, 0, 0),
    "shop": (2, 1, 1, 1, 1, 2, 3, 5, 7, 8, 9, 10, 11, 10, 9, 9, 10, 12, 14, 15, 14, 11, 7, 4),
    "nightly": (0, 6, 18, 22, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "always": (4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 4, 4),
}
CUMULATED = {rhythm: tuple(accumulate(weights)) for rhythm, weights in CLOCK.items()}

FAILURE_RATE = 0.006
"""Share of calls that fail with a passing error, such as a rate limit."""


@dataclass(frozen=True, slots=True)
class HourlyCalls:
    """Calls of one stream in one hour of a day; `failed` have a passing error, `gone` met a retired model."""

    hour: int
    calls: int
    failed: int
    gone: int


def seeded_random(*names: object) -> Random:
    """A random generator seeded by `names`."""
    digest = blake2b(":".join((SEED, *map(str, names))).encode(), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 - invented traffic, not a secret


def hourly_calls(application: DemoApplication, stream: CallStream, on: date) -> list[HourlyCalls]:
    """The hours of a day in which a stream is called, in order; none when the application logs nothing."""
    working_day = stream.volume * share_on(stream.curve, on)
    mean = working_day * WEEK[application.rhythm][on.weekday()] * seasonal_factor(application.rhythm, on)
    if mean <= 0 or on > application.last_logged_on:
        return []
    draw = seeded_random(application.key, stream.model, stream.api, on).random
    total = _about(mean, draw)
    table = CUMULATED[application.rhythm]
    spread = Counter(bisect(table, draw() * table[-1]) for _ in range(total))
    gone = stream.retires and not stream.served_by and on >= SUNSET_ON
    result = []
    for hour in sorted(spread):
        calls = spread[hour]
        failed = 0 if gone else sum(draw() < FAILURE_RATE for _ in range(calls))
        result.append(HourlyCalls(hour, calls, failed, calls if gone else 0))
    return result


def seasonal_factor(rhythm: Rhythm, on: date) -> float:
    """The factor of the time of year: a slow August in offices, Black Friday and Christmas in shops."""
    if date(2023, 12, 23) <= on <= date(2024, 1, 1):
        return {"office": 0.25, "shop": 0.7 if on.day in {24, 25, 26} else 1.1}.get(rhythm, 1.0)
    if rhythm == "office" and on.month == 8:
        return 0.86
    if rhythm == "shop" and date(2023, 11, 23) <= on <= date(2023, 11, 27):
        return 1.5
    if rhythm == "shop" and date(2023, 11, 28) <= on <= date(2023, 12, 22):
        return 1.15
    return 1.0


def _about(mean: float, draw) -> int:
    """A count around a mean: a good or bad day (about 7 %), then the chance of single calls."""
    mean *= 1 + 0.12 * (draw() + draw() + draw() - 1.5)
    if mean > 30:
        return max(0, round(mean + math.sqrt(mean) * (math.fsum(draw() for _ in range(12)) - 6)))
    # Poisson, by counting arrivals until one unit of time is over.
    count, left = 0, math.exp(-mean)
    product = draw()
    while product > left:
        count += 1
        product *= draw()
    return count
