"""What a reader has counted since its last checkpoint."""

from collections.abc import Callable, Container

from dashboard.usage.hash_set import HashSet, SortedHashes, from_digests, sort_hashes
from dashboard.usage.records import COUNTS, KEPT_REJECTS, LINE, Batch, merge_group

__all__ = ["Accumulator"]


class _EitherSet:
    """Membership in either set, without building the union."""

    def __init__(self, one: set[int], other: set[int]) -> None:
        self._sets = one, other

    def __contains__(self, value: object) -> bool:
        one, other = self._sets
        return value in one or value in other


class Accumulator(Batch):
    """A batch that knows the ids counted before, and to which batches decoded elsewhere can be added.

    `known_hashes(hour)` returns the ids counted in an hour by earlier commits.
    """

    def __init__(self, last_hour: int, known_hashes: Callable[[int], HashSet], checksum_before: int = 0) -> None:
        super().__init__(last_hour, checksum_before)
        self._known_hashes = known_hashes
        self._added: dict[int, HashSet] = {}  # of the parts, by hour

    def known_hashes(self, hour: int) -> Container[int]:
        stored, added = self._known_hashes(hour).as_set(), self._added.get(hour)
        return _EitherSet(stored, added.as_set()) if added else stored

    def hashes_by_hour(self) -> dict[int, SortedHashes]:
        """All ids that were counted since the checkpoint, by hour."""
        for hour, new_hashes in self.new_hashes.items():
            if new_hashes:
                self._added.setdefault(hour, HashSet()).add(sort_hashes(new_hashes))
                new_hashes.clear()
        return {hour: hashes.merged_run() for hour, hashes in self._added.items()}

    def add(self, part: Batch, line: int) -> bool:
        """Add a batch whose first line is number `line` here and was 0 there.

        False, and nothing added, when it holds an id twice or one that was counted before.
        """
        runs = _runs(part)
        if runs is None or any(self._overlaps(hour, run) for hour, run in runs):
            return False
        for hour, run in runs:
            self._added.setdefault(hour, HashSet()).add(run)
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
                merge_group(known, group)
        room = max(0, KEPT_REJECTS - len(self.rejects))
        self.rejects += [reject._replace(line=reject.line + line) for reject in part.rejects[:room]]
        for count in COUNTS:
            setattr(self, count, getattr(self, count) + getattr(part, count))
        return True

    def _overlaps(self, hour: int, run: SortedHashes) -> bool:
        new_hashes, added = self.new_hashes.get(hour), self._added.get(hour)
        return (
            bool(new_hashes and not new_hashes.isdisjoint(run.tolist()))
            or bool(added and added.overlaps(run))
            or self._known_hashes(hour).overlaps(run)
        )


def _runs(part: Batch) -> list[tuple[int, SortedHashes]] | None:
    """The ids of a batch by hour; None when one comes twice."""
    found: list[tuple[int, SortedHashes]] = []
    for hour in part.new_hashes.keys() | part.new_digests.keys():
        run = from_digests(part.new_digests.get(hour, b""))
        if run is None:
            return None
        if new_hashes := part.new_hashes.get(hour):
            one_by_one = sort_hashes(new_hashes)
            both = HashSet(run)
            if both.overlaps(one_by_one):
                return None
            both.add(one_by_one)
            run = both.merged_run()
        found.append((hour, run))
    return found
