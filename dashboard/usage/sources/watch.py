"""Files on disk: a folder, a file or a glob pattern per line, inside the allowed roots.

A symbolic link is followed only to where it may lead; a file that something is still writing under a
temporary name is none yet. Nothing is opened here: a listing costs one `lstat` per file.
"""

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from dashboard.usage.models import Source

__all__ = ["INBOX", "MAX_FILES", "Found", "Listing", "files_of", "listing"]

INBOX = "inbox"
MAX_FILES = 10_000
OUTSIDE, NO_LOG = "outside", "no log"
# A folder's real path, with a separator, and whether it may be read.
Folder = tuple[str, bool]
TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".swp", ".swx", ".crdownload", ".filepart", "~")


class Found(NamedTuple):
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

    files: list[Found] = field(default_factory=list)
    problem: str = ""


def files_of(source: Source) -> Listing:
    """The files that a source watches; of the source `inbox`, those in the inbox."""
    lines = [line.strip() for line in source.paths.splitlines() if line.strip()]
    patterns = [str(settings.SUNDIAL_INBOX)] if source.slug == INBOX else lines
    if not patterns:
        return Listing(problem="No paths are given, so nothing is read")
    return listing(patterns, [settings.SUNDIAL_INBOX, *settings.SUNDIAL_WATCH_ROOTS])


def listing(patterns: Iterable[str], roots: Iterable[Path]) -> Listing:
    """What the patterns name inside `roots` (real paths). A problem is told in one sentence."""
    allowed = tuple(os.path.realpath(root) for root in roots)
    result = Listing()
    seen: set[tuple[int, int]] = set()
    parents: dict[str, Folder] = {}
    for pattern in patterns:
        names = list(_names(pattern))
        if not names and not glob.has_magic(pattern) and not os.path.lexists(pattern):
            result.problem = f"{pattern} does not exist"
        for name in names:
            try:
                found = _found(name, allowed, parents)
            except OSError as problem:
                result.problem = f"{name} cannot be looked at: {problem.strerror}"
                continue
            if found == OUTSIDE:
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


def _names(pattern: str) -> Iterator[str]:
    if not os.path.isdir(pattern):  # noqa: PTH112  a string of a pattern
        for name in glob.iglob(pattern, recursive=True):  # noqa: PTH207  pathlib globs no absolute patterns
            if os.path.isdir(name):  # noqa: PTH112
                continue
            yield name
        return
    for folder, folders, files in os.walk(pattern):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            yield os.path.join(folder, name)  # noqa: PTH118


def _found(name: str, allowed: tuple[str, ...], parents: dict[str, Folder]) -> Found | str:
    """The regular file behind a name; else OUTSIDE what may be read, or NO_LOG file at all."""
    folder, base = os.path.split(name)
    if base.startswith(".") or base.lower().endswith(TEMPORARY):
        return NO_LOG
    about = os.lstat(name)
    if stat.S_ISLNK(about.st_mode):
        real = os.path.realpath(name)
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
    return Found(real, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


def _inside(real: str, allowed: tuple[str, ...]) -> bool:
    return any(real.startswith(root.rstrip(os.sep) + os.sep) for root in allowed)
