"""Measures how long 100,000 distinct names take to resolve, beside as many look-ups in a dictionary.

`python -m benchmarks.names` prints one JSON line: seconds of each (processor time, best of fifteen rounds, after
a warm-up) and their ratio, which says more than seconds do on a machine that others use too. Nine names in ten
match no id, so that every rule is tried.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import cycle, islice

from dashboard.catalog.names.resolve import NameIndex, resolve

__all__ = ["NAMES", "main", "measure", "names"]

NAMES = 100_000
ON = date(2026, 11, 22)
MODELS = [f"{family}-{size}-{day:04}" for family in ("gpt-4", "davinci", "claude-3") for size in "abc" for day in
          range(101, 261)]  # fmt: skip
PLATFORMS = ("openai", "azure-openai", "aws-bedrock", "vertex-ai", "groq")
SHAPES: tuple[tuple[str, str], ...] = (
    ("{model}", "openai"),
    ("{model}-{n}", "openai"),
    ("openai/{model}-{n}", ""),
    ("azure/eu/{model}-{n}", ""),
    ("prod-{n}", "azure-openai"),
    ("bedrock/us.anthropic.{model}-{n}", ""),
    ("arn:aws:bedrock:us-east-1:{n}:inference-profile/us.{model}", ""),
    ("ft:{model}:acme::{n}", "openai"),
    ("projects/p-{n}/locations/us/publishers/google/models/{model}", "vertex-ai"),
    ("{model}@{n}", "azure-openai"),
)


def names(count: int = NAMES) -> list[tuple[str, str]]:
    """(name, platform) pairs, all different."""
    pairs: dict[tuple[str, str], None] = {}
    for n, (shape, platform) in enumerate(cycle(SHAPES)):
        model = MODELS[(n // len(SHAPES)) % len(MODELS)]
        pairs[shape.format(model=model, n=n), platform] = None
        if len(pairs) == count:
            return list(pairs)
    raise AssertionError("unreachable")


def index() -> NameIndex:
    entries = ((platform, model, pk) for pk, (platform, model) in enumerate(_keys(), 1))
    return NameIndex(entries, case_insensitive=["azure-openai"])


def _keys() -> Iterator[tuple[str, str]]:
    return ((platform, model) for platform in PLATFORMS for model in MODELS)


def measure(count: int = NAMES, rounds: int = 15) -> dict[str, float]:
    pairs, known = names(count), index()
    plain = {name: n for n, (name, _) in enumerate(pairs)}

    def resolve_all() -> None:
        for name, platform in pairs:
            resolve(name, platform, "", known, on=ON)

    def look_up_all() -> None:
        for name, _ in pairs:
            plain.get(name)

    for name, platform in islice(pairs, 2000):
        resolve(name, platform, "", known, on=ON)
    slow, quick = _best(resolve_all, rounds), _best(look_up_all, rounds)
    return {
        "names": count,
        "seconds": round(slow, 3),
        "dict_seconds": round(quick, 4),
        "ratio": round(slow / quick),
    }


def _best(work: Callable[[], None], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def main() -> None:
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
