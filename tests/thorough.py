"""How much the tests try, by the environment variable TEST_EFFORT: `fast`, `usual` (the default) or `all`.

`make test-fast` and `make test-all` set it.
"""

import os
from typing import TypeVar

__all__ = ["THOROUGH", "examples", "sample"]

EFFORT = os.environ.get("TEST_EFFORT") or "usual"
THOROUGH = EFFORT == "all"

T = TypeVar("T")


def sample(some: T, everything: T) -> T:
    """`some` in a usual run, `everything` in a thorough one: kill points, parameters, counts."""
    return everything if THOROUGH else some


def examples(count: int) -> int:
    """How many examples a property test tries: `count`, a fifth of it in a fast run, ten times in `all`."""
    return {"fast": max(5, count // 5), "all": count * 10}.get(EFFORT, count)
