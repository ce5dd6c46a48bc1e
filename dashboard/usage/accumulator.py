"""What a reader has added up since its last checkpoint."""

from collections.abc import Callable, Container

from dashboard.usage.hash_set import HashSet, SortedHashes, from_digests, sorted_hashes
from dashboard.usage.records import COUNTS, KEPT_REJECTS, LINE, Batch, grow

__all__ = ["Accumulator"]


class _Either:
    """Two sets as one to look in: it is asked for often, and they are large."""

    def __init__(self, one: set[int], other: set[int]) -> None:
        self._sets = one, other

    def __contains__(self, mark: object) -> bool:
        one, other = self._sets
        return mark in one or mark in other


class Accumulator(Batch):
    """A batch that knows the ids that were counted before and takes whole parts, each read by itself.

    `seen(hour)` tells the ids counted in an hour by earlier commits.
    """

    def __init__(self, last_hour: int, seen: Callable[[int], HashSet], before: int = 0) -> None:
        super().__init__(last_hour, before)
        self._seen = seen
        self._taken: dict[int, HashSet] = {}  # of the parts, by hour

    def known(self, hour: int) -> Container[int]:
        stored, taken = self._seen(hour).members(), self._taken.get(hour)
        return _Either(stored, taken.members()) if taken else stored

    def marks(self) -> dict[int, SortedHashes]:
        """All ids that were counted since the checkpoint, by hour."""
        for hour, fresh in self.fresh.items():
            if fresh:
                self._taken.setdefault(hour, HashSet()).add(sorted_hashes(fresh))
                fresh.clear()
        return {hour: marks.run() for hour, marks in self._taken.items()}

    def add(self, part: Batch, line: int) -> bool:
        """Add a part whose first line is number `line` here and was 0 there.

        False, and nothing added, when it holds an id twice or one that was counted before.
        """
        runs = _runs(part)
        if runs is None or any(self._meets(hour, run) for hour, run in runs):
            return False
        for hour, run in runs:
            self._taken.setdefault(hour, HashSet()).add(run)
        callers = [self.callers.setdefault(caller, len(self.callers)) for caller in part.callers]
        names = [self.names.setdefault(called, len(self.names)) for called in part.names]
        groups = self.groups
        for (hour, who, what), group in part.groups.items():
            group[LINE] += line
            key = hour, callers[who], names[what]
            known = groups.get(key)
            if known is None:
                groups[key] = group
            else:
                grow(known, group)
        room = max(0, KEPT_REJECTS - len(self.rejects))
        self.rejects += [reject._replace(line=reject.line + line) for reject in part.rejects[:room]]
        for count in COUNTS:
            setattr(self, count, getattr(self, count) + getattr(part, count))
        return True

    def _meets(self, hour: int, run: SortedHashes) -> bool:
        fresh, taken = self.fresh.get(hour), self._taken.get(hour)
        return (
            bool(fresh and not fresh.isdisjoint(run.tolist()))
            or bool(taken and taken.meets(run))
            or self._seen(hour).meets(run)
        )


def _runs(part: Batch) -> list[tuple[int, SortedHashes]] | None:
    """The ids of a part by hour; None when one comes twice."""
    found: list[tuple[int, SortedHashes]] = []
    for hour in part.fresh.keys() | part.bulk.keys():
        run = from_digests(part.bulk.get(hour, b""))
        if run is None:
            return None
        if fresh := part.fresh.get(hour):
            one_by_one = sorted_hashes(fresh)
            both = HashSet(run)
            if both.meets(one_by_one):
                return None
            both.add(one_by_one)
            run = both.run()
        found.append((hour, run))
    return found
