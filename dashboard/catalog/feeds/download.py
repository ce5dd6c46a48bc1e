"""Fetching a feed from the network or reading a saved copy; the limits are those of `core.http`.

A redirect may lead to another public host, and no secret goes along.
"""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from dashboard.catalog.feeds.base import MAX_BYTES, FeedError
from dashboard.catalog.messages import Message
from dashboard.core.http.client import Client
from dashboard.core.http.limits import HttpError, Limits, RefusedError, TooLargeError, TooSlowError, TryAgainError

__all__ = ["DEFAULT_LIMITS", "Copy", "Limits", "fetch", "read_file"]

DEFAULT_LIMITS = Limits(size=MAX_BYTES, redirects=3)
STATUS_PHRASES = {status.value: status.phrase for status in HTTPStatus}
WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a feed; `content` is None when it has not changed since the copy with that `etag`."""

    content: bytes | None
    etag: str = ""


def read_file(path: Path, limits: Limits = DEFAULT_LIMITS) -> Copy:
    """A saved copy. Raises FeedError when it cannot be read or is too large."""
    try:
        with path.open("rb") as stream:
            content = stream.read(limits.size + 1)
    except OSError as error:
        raise FeedError("text", text=f"{path}: {error.strerror or error}") from None
    if len(content) > limits.size:
        raise FeedError("too_large", n=limits.size // 1024 // 1024)
    return Copy(content)


def fetch(url: str, *, secret: str = "", etag: str = "", limits: Limits = DEFAULT_LIMITS) -> Copy:
    """The feed at `url`, with `secret` as its bearer token. Raises FeedError."""
    client = Client(
        headers={
            "Accept": "application/json, application/yaml, text/plain",
            **({"If-None-Match": etag} if etag else {}),
        },
        secret={"Authorization": f"Bearer {secret}"} if secret else {},
        limits=limits,
    )
    try:
        response = client.get(url)
    except TryAgainError as error:
        raise FeedError("repeated", problem=_message(error, limits), n=error.tries) from None
    except HttpError as error:
        message = _message(error, limits)
        raise FeedError(message.code, **message.params) from None
    new_etag = response.headers.get("ETag", "")[:200]
    if response.status == 304:
        return Copy(None, new_etag)
    if response.content_type in WEB_PAGES:
        raise FeedError("web_page")
    return Copy(response.content, new_etag)


def _message(error: HttpError, limits: Limits) -> Message:
    """The error as a message; errors of the network library keep their text."""
    if isinstance(error, TooLargeError):
        return Message("too_large", n=limits.size // 1024 // 1024)
    if isinstance(error, TooSlowError):
        return Message("answer_too_slow", n=f"{limits.total:g}")
    if isinstance(error, RefusedError | TryAgainError) and error.status in STATUS_PHRASES:
        code = "answers_key_refused" if error.status in {401, 403} else "answers"
        return Message(code, status=f"{error.status} {STATUS_PHRASES[error.status]}")
    return Message("text", text=str(error))
