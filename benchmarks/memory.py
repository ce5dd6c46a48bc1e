"""The peak of memory that a process and its children have for themselves."""

import resource
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

__all__ = ["Peak"]

EVERY = 0.02  # seconds between looks
OWN = Path("/proc/self")


class Peak:
    """Looks every so often while it is entered; `megabytes` is the most that was seen.

    Counted is what no file stands behind, as libraries that several processes map are in memory once. Where the
    system does not tell that, it is the peak of all resident memory, two children added.
    """

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        self._thread.join()
        if not self.megabytes:
            own, child = (
                resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            self.megabytes = (own + 2 * child) / 1024

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            found = sum(map(_private, [OWN, *_children()]))
            self.megabytes = max(self.megabytes, found / 1024)


def _children() -> list[Path]:
    found = []
    for task in OWN.glob("task/*/children"):
        with suppress(OSError):
            found += [Path("/proc", number) for number in task.read_text().split()]
    return found


def _private(process: Path) -> int:
    """KiB; 0 of a process that is gone, or where this is not Linux."""
    with suppress(OSError, StopIteration):
        lines = (process / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1])
    return 0
