"""How much the tests try: a sample by default, everything with `make test-all` (TEST_THOROUGH=1)."""

import os
from typing import TypeVar

__all__ = ["THOROUGH", "examples", "sample"]

THOROUGH = os.environ.get("TEST_THOROUGH") == "1"

T = TypeVar("T")


def sample(some: T, everything: T) -> T:
    """`some` in a usual run, `everything` in a thorough one: kill points, parameters, counts."""
    return everything if THOROUGH else some


def examples(count: int) -> int:
    """How many examples a property test tries: `count`, and ten times as many in a thorough run."""
    return sample(count, count * 10)
