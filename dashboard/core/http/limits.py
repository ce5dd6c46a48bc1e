"""The limits of a fetch, and the errors that say which one was met."""

from dataclasses import dataclass

__all__ = [
    "AddressError",
    "HttpError",
    "Limits",
    "RefusedError",
    "TooLargeError",
    "TooSlowError",
    "TryAgainError",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and numbers.

    `total` is for one try with all its redirects. `pause` comes before the second try, doubled before each
    next one, or what `Retry-After` says, and at most `longest_pause`. `waiting` is the sum of all pauses of a
    client: a request that would have to wait longer fails instead.
    """

    connect: float = 10
    read: float = 20
    total: float = 120
    size: int = 32 << 20
    redirects: int = 0
    tries: int = 3
    pause: float = 2
    longest_pause: float = 30
    waiting: float = 300


class HttpError(Exception):
    """There is no answer that can be used; the text says why, without any header that was sent."""


class AddressError(HttpError):
    """The address, or one that it redirects to, is not one to read from."""


class TooLargeError(HttpError):
    """The answer is larger than `Limits.size`."""


class TooSlowError(HttpError):
    """The answer took longer than `Limits.total`."""


class RefusedError(HttpError):
    """The server answered `status`, which another try would not change; or nothing that can be read."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TryAgainError(HttpError):
    """It may work later. `status` is None where no answer came, `after` the server's `Retry-After`."""

    def __init__(self, message: str, status: int | None = None, after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.after = after
        self.tries = 1
