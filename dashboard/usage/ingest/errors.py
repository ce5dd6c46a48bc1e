"""Why a file cannot be read. Each message is one sentence for the person who asked."""

import logging
from pathlib import Path

from dashboard.core.text import printable_path

__all__ = [
    "ContentError",
    "ContentTooLargeError",
    "ContentUnavailableError",
    "InputBusyError",
    "InputError",
    "UnreadableContentError",
    "log",
    "reader_failure",
]

log = logging.getLogger(__name__)


class ContentError(Exception):
    """A file's content cannot be read any further; the message goes on after the file's name."""


class ContentTooLargeError(ContentError):
    """Content holds more than the caller reads at once."""


class ContentUnavailableError(ContentError):
    """The file cannot be opened or read at present: no permission, no such file, a disk that fails."""


class InputError(Exception):
    """A file cannot be ingested; the message names it, `reason` is the message without its name."""

    separator = ": "

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{printable_path(path)}{self.separator}{reason}")
        self.reason = reason


class UnreadableContentError(InputError):
    """What the file holds cannot be read, now or later; `reason` is a predicate, such as "is cut off"."""

    separator = " "


class InputBusyError(InputError):
    """Other processes keep reading the same content: the same file may be ingested later."""


def reader_failure(problem: Exception, line: int, offset: int) -> str:
    """What is said of a file whose format's reader failed: how far it was read, and the kind of error only."""
    kind = type(problem).__name__
    return f"cannot be read after line {line}, byte {offset}: its format's reader failed with {kind}"
