"""Whether usage is counted in calls or in tokens: some sources report no number of calls. Pure."""

from collections.abc import Iterable
from typing import Literal

__all__ = ["Measure", "choose_measure"]

Measure = Literal["calls", "tokens"]


def choose_measure(sums: Iterable[tuple[int | None, int | None]]) -> tuple[Measure, bool]:
    """The measure for some sums of (calls, tokens), and whether it leaves some of them out.

    A sum is None where no source reports it. Calls, if all sums have them. Tokens, if no sum has calls or every
    sum has tokens. Otherwise calls, without the sums that have none.
    """
    rows = list(sums)
    without_calls = sum(calls is None for calls, _ in rows)
    without_tokens = sum(tokens is None for _, tokens in rows)
    if not without_calls:
        return "calls", False
    if without_calls == len(rows) or not without_tokens:
        return "tokens", without_tokens > 0
    return "calls", True
