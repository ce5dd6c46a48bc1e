"""Why a file cannot be read. Each message is one sentence for the person who asked."""

from pathlib import Path

from dashboard.core.text import printable_path

__all__ = ["ContentError", "ContentTooLargeError", "InputBusyError", "InputError", "UnreadableContentError"]


class ContentError(Exception):
    """A file's content cannot be read any further; the message goes on after the file's name."""


class ContentTooLargeError(ContentError):
    """Content holds more than the caller reads at once."""


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
