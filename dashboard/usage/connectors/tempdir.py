"""A folder for files that are on their way through, gone when their process is, however it ended."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from dashboard.usage.models import LatestCall, RejectedLine, Source, Stream

__all__ = ["rename_content", "temporary_folder"]


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder in the state folder. What processes left that were killed is cleared away first.

    A folder is alive while the file beside it is locked; the system unlocks it when its process ends.
    """
    base = settings.VAR / "run" / "objects"
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in base.glob("*.lock"):
        _clear(left)
    mark = base / f"{os.getpid()}-{os.urandom(4).hex()}.lock"
    with mark.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        folder = mark.with_suffix("")
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            mark.unlink(missing_ok=True)


def rename_content(source: Source, path: Path, name: str) -> None:
    """What was read from a file of ours came from elsewhere; nothing of it lies on this machine any more."""
    place, name = str(path)[-1000:], name[-1000:]
    Stream.objects.filter(source=source, path=place).update(path=name, device=0, inode=0)
    RejectedLine.objects.filter(source=source, path=place).update(path=name)
    LatestCall.objects.filter(name__source=source, path=place).update(path=name)


def _clear(mark: Path) -> None:
    try:
        with mark.open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
            mark.unlink(missing_ok=True)
    except OSError:
        return  # somebody works there
