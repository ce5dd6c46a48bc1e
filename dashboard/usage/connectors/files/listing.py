"""Files on disk: a folder, a file or a glob pattern per line, inside the allowed roots.

Symbolic links are followed only inside the allowed roots. Files under a temporary name, which something is still
writing, are left out. No file is opened: a listing costs one `lstat` per file.
"""

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from dashboard.core.text import printable_path
from dashboard.usage.connectors.base import FileId
from dashboard.usage.models import Source

__all__ = ["INBOX", "MAX_FILES", "Listing", "WatchedFile", "list_files", "paths_of", "source_files"]

INBOX = "inbox"
MAX_FILES = 10_000
OUTSIDE, NOT_A_LOG = "outside", "not a log"
# A folder's real path, with a separator, and whether it may be read.
Folder = tuple[str, bool]
# The folder of a name, the name in it, and a function that returns its `lstat`.
Stat = Callable[[], os.stat_result]
Entry = tuple[str, str, Stat]
TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".swp", ".swx", ".crdownload", ".filepart", "~")


class WatchedFile(NamedTuple):
    """A regular file: its real path, and its `stat`. A tuple, because a poll makes thousands."""

    name: str
    device: int
    inode: int
    size: int
    mtime_ns: int

    @property
    def path(self) -> Path:
        return Path(self.name)

    @property
    def id(self) -> FileId:
        return self.device, self.inode


@dataclass
class Listing:
    """The files found, oldest change first; a file with several names is listed once."""

    files: list[WatchedFile] = field(default_factory=list)
    problem: str = ""


def source_files(source: Source) -> Listing:
    """The files that a source watches; for the source `inbox`, those in the inbox folder."""
    patterns = [str(settings.SUNDIAL_INBOX)] if source.slug == INBOX else paths_of(source)
    if not patterns:
        return Listing(problem="No paths are given, so nothing is read")
    return list_files(patterns, [settings.SUNDIAL_INBOX, *settings.SUNDIAL_WATCH_ROOTS])


def paths_of(source: Source) -> list[str]:
    """The lines of `Source.paths` that are not empty."""
    return [line.strip() for line in source.paths.splitlines() if line.strip()]


def list_files(patterns: Iterable[str], roots: Iterable[Path]) -> Listing:
    """The files that the patterns name inside `roots`. The last problem is one sentence in `Listing.problem`."""
    allowed = tuple(os.path.realpath(root) for root in roots)
    result = Listing()
    seen: set[tuple[int, int]] = set()
    parents: dict[str, Folder] = {}
    for pattern in patterns:
        if not glob.has_magic(pattern) and not os.path.lexists(pattern):
            result.problem = f"{pattern} does not exist"
        for folder, base, lstat in _entries(pattern, result):
            try:
                entry = _classify(folder, base, lstat, allowed, parents)
            except OSError as problem:
                name = os.path.join(folder, base)  # noqa: PTH118  a string as the others
                result.problem = f"{printable_path(name)} cannot be looked at: {problem.strerror}"
                continue
            if entry == OUTSIDE:
                name = os.path.join(folder, base)  # noqa: PTH118
                result.problem = (
                    f"{printable_path(name)} lies outside the folders that may be read (SUNDIAL_WATCH_ROOTS)"
                )
                continue
            if isinstance(entry, str) or entry.id in seen:
                continue
            if len(seen) == MAX_FILES:
                result.problem = f"More than {MAX_FILES} files: the others are not read"
                break
            seen.add(entry.id)
            result.files.append(entry)
    result.files.sort(key=attrgetter("mtime_ns", "name"))
    return result


def _entries(pattern: str, result: Listing) -> Iterator[Entry]:
    """What a pattern names, in order: all that is under a folder, or what a glob finds."""
    if os.path.isdir(pattern):  # noqa: PTH112  a string of a pattern
        yield from _under(pattern, result)
        return
    for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207  pathlib globs no absolute patterns
        if not os.path.isdir(name):  # noqa: PTH112
            yield *os.path.split(name), partial(os.lstat, name)


def _under(folder: str, result: Listing) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=attrgetter("name"))
    except FileNotFoundError:
        return  # it was deleted meanwhile
    except OSError as problem:
        result.problem = f"{printable_path(folder)} cannot be listed: {problem.strerror}"
        return
    folders = []
    for entry in entries:
        if not entry.is_dir():
            yield folder, entry.name, partial(entry.stat, follow_symlinks=False)
        elif not (entry.is_symlink() or entry.name.startswith(".")):
            folders.append(entry.path)
    for inner in folders:
        yield from _under(inner, result)


def _classify(
    folder: str, base: str, lstat: Stat, allowed: tuple[str, ...], parents: dict[str, Folder]
) -> WatchedFile | str:
    """The regular file behind a name, or OUTSIDE (the allowed roots), or NOT_A_LOG."""
    if base.startswith(".") or base.lower().endswith(TEMPORARY):
        return NOT_A_LOG
    about = lstat()
    if stat.S_ISLNK(about.st_mode):
        real = os.path.realpath(os.path.join(folder, base))  # noqa: PTH118
        is_inside = _inside(real, allowed)
        if is_inside:
            about = os.stat(real)  # noqa: PTH116
    else:
        if folder not in parents:
            at = os.path.realpath(folder) + os.sep
            parents[folder] = at, _inside(at, allowed)
        at, is_inside = parents[folder]
        real = at + base
    if not is_inside:
        return OUTSIDE
    if not stat.S_ISREG(about.st_mode):
        return NOT_A_LOG
    return WatchedFile(real, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


def _inside(real: str, allowed: tuple[str, ...]) -> bool:
    return any(real.startswith(root.rstrip(os.sep) + os.sep) for root in allowed)
