"""A temporary folder for files that are being imported, removed even when its process is killed."""

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
    """A new folder in the state folder. Folders of processes that were killed are removed first.

    A folder is in use while the file beside it is locked; the system unlocks it when its process ends.
    """
    base = settings.VAR / "run" / "objects"
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    for lock in base.glob("*.lock"):
        _remove_unused(lock)
    lock = base / f"{os.getpid()}-{os.urandom(4).hex()}.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        folder = lock.with_suffix("")
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def rename_content(source: Source, path: Path, name: str) -> None:
    """Replace the path of a temporary file, in every row that has it, by the name of what it was a copy of."""
    old, name = str(path)[-1000:], name[-1000:]
    Stream.objects.filter(source=source, path=old).update(path=name, device=0, inode=0)
    RejectedLine.objects.filter(source=source, path=old).update(path=name)
    LatestCall.objects.filter(name__source=source, path=old).update(path=name)


def _remove_unused(lock: Path) -> None:
    try:
        with lock.open("r+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
    except OSError:
        return  # its process is alive
