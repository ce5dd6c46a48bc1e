"""Files on disk: a folder, a file or a glob pattern per line, inside the allowed roots.

A symbolic link is followed only to where it may lead; a file that something is still writing under a
temporary name is none yet. Nothing is opened here: a listing costs one `lstat` per file.
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

from dashboard.usage.models import Source

__all__ = ["INBOX", "MAX_FILES", "Listing", "WatchedFile", "list_files", "source_files"]

INBOX = "inbox"
MAX_FILES = 10_000
OUTSIDE, NO_LOG = "outside", "no log"
# A folder's real path, with a separator, and whether it may be read.
Folder = tuple[str, bool]
# The folder of a name and the name in it, and how to look at it.
Look = Callable[[], os.stat_result]
Entry = tuple[str, str, Look]
TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".swp", ".swx", ".crdownload", ".filepart", "~")


class WatchedFile(NamedTuple):
    """A regular file: its real path, and what `stat` said. Plain, because a poll makes thousands."""

    name: str
    device: int
    inode: int
    size: int
    mtime_ns: int

    @property
    def path(self) -> Path:
        return Path(self.name)


@dataclass
class Listing:
    """The files found, oldest change first, each content once however many names lead to it."""

    files: list[WatchedFile] = field(default_factory=list)
    problem: str = ""


def source_files(source: Source) -> Listing:
    """The files that a source watches; of the source `inbox`, those in the inbox."""
    lines = [line.strip() for line in source.paths.splitlines() if line.strip()]
    patterns = [str(settings.SUNDIAL_INBOX)] if source.slug == INBOX else lines
    if not patterns:
        return Listing(problem="No paths are given, so nothing is read")
    return list_files(patterns, [settings.SUNDIAL_INBOX, *settings.SUNDIAL_WATCH_ROOTS])


def list_files(patterns: Iterable[str], roots: Iterable[Path]) -> Listing:
    """What the patterns name inside `roots` (real paths). A problem is told in one sentence."""
    allowed = tuple(os.path.realpath(root) for root in roots)
    result = Listing()
    seen: set[tuple[int, int]] = set()
    parents: dict[str, Folder] = {}
    for pattern in patterns:
        if not glob.has_magic(pattern) and not os.path.lexists(pattern):
            result.problem = f"{pattern} does not exist"
        for folder, base, look in _entries(pattern):
            try:
                found = _found(folder, base, look, allowed, parents)
            except OSError as problem:
                name = os.path.join(folder, base)  # noqa: PTH118  a string as the others
                result.problem = f"{name} cannot be looked at: {problem.strerror}"
                continue
            if found == OUTSIDE:
                name = os.path.join(folder, base)  # noqa: PTH118
                result.problem = f"{name} lies outside the folders that may be read (SUNDIAL_WATCH_ROOTS)"
                continue
            if isinstance(found, str) or (found.device, found.inode) in seen:
                continue
            if len(seen) == MAX_FILES:
                result.problem = f"More than {MAX_FILES} files: the others are not read"
                break
            seen.add((found.device, found.inode))
            result.files.append(found)
    result.files.sort(key=attrgetter("mtime_ns", "name"))
    return result


def _entries(pattern: str) -> Iterator[Entry]:
    """What a pattern names, in order: all that is under a folder, or what a glob finds."""
    if os.path.isdir(pattern):  # noqa: PTH112  a string of a pattern
        yield from _under(pattern)
        return
    for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207  pathlib globs no absolute patterns
        if not os.path.isdir(name):  # noqa: PTH112
            yield *os.path.split(name), partial(os.lstat, name)


def _under(folder: str) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=attrgetter("name"))
    except OSError:
        return  # as a glob, which finds nothing there
    folders = []
    for entry in entries:
        if not entry.is_dir():
            yield folder, entry.name, partial(entry.stat, follow_symlinks=False)
        elif not (entry.is_symlink() or entry.name.startswith(".")):
            folders.append(entry.path)
    for inner in folders:
        yield from _under(inner)


def _found(
    folder: str, base: str, look: Look, allowed: tuple[str, ...], parents: dict[str, Folder]
) -> WatchedFile | str:
    """The regular file behind a name; else OUTSIDE what may be read, or NO_LOG file at all."""
    if base.startswith(".") or base.lower().endswith(TEMPORARY):
        return NO_LOG
    about = look()
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
        return NO_LOG
    return WatchedFile(real, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


def _inside(real: str, allowed: tuple[str, ...]) -> bool:
    return any(real.startswith(root.rstrip(os.sep) + os.sep) for root in allowed)
