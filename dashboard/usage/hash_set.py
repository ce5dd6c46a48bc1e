"""Sets of 64-bit hashes of ids: eight bytes each, compared and merged in compiled code. Pure."""

from collections.abc import Collection
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["HashSet", "SortedHashes", "from_digests", "sort_hashes"]

# Hashes in rising order, each once.
SortedHashes: TypeAlias = npt.NDArray[np.uint64]

NONE: SortedHashes = np.empty(0, np.uint64)
STORED, DIGEST = np.dtype("<u8"), np.dtype(">u8")


class HashSet:
    """A set of hashes, stored as a few sorted runs: each is more than twice as long as the next.

    So adding a run costs its own length on average, however many there are, and nothing is ever unpacked
    into Python's numbers unless `as_set` is called.
    """

    __slots__ = ("_members", "_runs")

    def __init__(self, run: SortedHashes | None = None) -> None:
        self._runs: list[SortedHashes] = [] if run is None else [run]
        self._members: set[int] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def overlaps(self, run: SortedHashes) -> bool:
        """Whether one of these is in the set."""
        return any(_meet(known, run) for known in self._runs)

    def add(self, run: SortedHashes) -> None:
        """Add hashes of which none is in the set yet."""
        if not len(run):
            return
        if self._members is not None:
            self._members.update(run.tolist())
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate((self._runs.pop(), run)), kind="stable")
        self._runs.append(run)

    def merged_run(self) -> SortedHashes:
        """All of them as one run."""
        if len(self._runs) != 1:
            self._runs = [np.sort(np.concatenate([NONE, *self._runs]))]
        return self._runs[0]

    def as_set(self) -> set[int]:
        """All of them as a set, made when first asked for; not to be changed."""
        if self._members is None:
            self._members = set(self.merged_run().tolist())
        return self._members

    def to_bytes(self) -> bytes:
        """Eight bytes each, little-endian on every machine."""
        return self.merged_run().astype(STORED).tobytes()

    @classmethod
    def from_bytes(cls, *segments: bytes | memoryview) -> "HashSet":
        """The set of all segments that `to_bytes` gave."""
        return cls(np.unique(np.frombuffer(b"".join(segments), STORED).astype(np.uint64)))


def sort_hashes(hashes: Collection[int]) -> SortedHashes:
    """These hashes in order; each comes once."""
    return np.sort(np.fromiter(hashes, np.uint64, len(hashes)))


def from_digests(digests: bytes) -> SortedHashes | None:
    """The sorted hashes of 64-bit digests in network order; None when one comes twice."""
    run = np.sort(np.frombuffer(digests, DIGEST).astype(np.uint64))
    return None if (run[1:] == run[:-1]).any() else run


def _meet(one: SortedHashes, other: SortedHashes) -> bool:
    few, many = (one, other) if len(one) < len(other) else (other, one)
    if not len(few) or few[0] > many[-1] or few[-1] < many[0]:
        return False
    at = np.searchsorted(many, few)
    at[at == len(many)] = 0
    return bool((many[at] == few).any())
