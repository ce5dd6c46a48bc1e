"""Single calls of a day, for the logs that write a line per call."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b

from dashboard.demo.scenario import CallStream, DemoApplication
from dashboard.demo.token_sizes import draw_tokens
from dashboard.demo.traffic import HourlyCalls, seeded_random

__all__ = ["Call", "generate_calls", "stable_id"]


@dataclass(frozen=True, slots=True)
class Call:
    """`at` is its start in epoch seconds; `outcome` is ok, failed or gone."""

    at: float
    outcome: str
    input_tokens: int
    output_tokens: int
    serial: int


def generate_calls(
    application: DemoApplication, stream: CallStream, on: date, hours: Iterable[HourlyCalls]
) -> Iterator[Call]:
    """The calls of a day, each somewhere in its hour. A call that gets no answer has no tokens."""
    draw = seeded_random("calls", application.key, stream.model, stream.api, on).random
    midnight = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()
    for hour in hours:
        for serial in range(hour.calls):
            at = midnight + hour.hour * 3600 + round(draw() * 3599, 3)
            outcome = "gone" if hour.gone else "failed" if serial < hour.failed else "ok"
            into, out = draw_tokens(stream.api, draw) if outcome == "ok" else (0, 0)
            yield Call(at, outcome, into, out, serial)


def stable_id(*names: object, size: int = 12) -> str:
    """A hex id that is the same for the same names."""
    return blake2b(":".join(map(str, names)).encode(), digest_size=size).hexdigest()
