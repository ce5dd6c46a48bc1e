"""Why a file cannot be read. Each message is one sentence for the person who asked."""

__all__ = ["ContentError", "ContentTooLargeError", "InputBusyError", "InputError"]


class ContentError(Exception):
    """A file's content cannot be read any further; the message goes on after the file's name."""


class ContentTooLargeError(ContentError):
    """Content holds more than the caller reads at once."""


class InputError(Exception):
    """A file cannot be ingested; the message names it."""


class InputBusyError(InputError):
    """Other processes keep reading the same content: the same file may be ingested later."""
