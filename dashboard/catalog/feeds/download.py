"""Fetching a feed from the network or reading a saved copy; `core.http` says what is never done.

A redirect may lead to another public host, and no secret goes along.
"""

from dataclasses import dataclass
from pathlib import Path

from dashboard.catalog.feeds.base import MAX_BYTES, FeedError
from dashboard.core.http import Client, HttpError, Limits, RefusedError, TryAgainError

__all__ = ["DEFAULT_LIMITS", "Copy", "Limits", "fetch", "read_file"]

DEFAULT_LIMITS = Limits(size=MAX_BYTES, redirects=3)
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
        raise FeedError(f"{path}: {error.strerror or error}") from None
    if len(content) > limits.size:
        raise FeedError(f"larger than {limits.size // 1024 // 1024} MB")
    return Copy(content)


def fetch(url: str, *, secret: str = "", etag: str = "", limits: Limits = DEFAULT_LIMITS) -> Copy:
    """The feed at `url`, with `secret` as its bearer token. Raises FeedError, which says in one line why not."""
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
        raise FeedError(f"{error}, {error.tries} times") from None
    except RefusedError as error:
        advice = ": the key is missing, wrong or not allowed" if error.status in {401, 403} else ""
        raise FeedError(f"{error}{advice}") from None
    except HttpError as error:
        raise FeedError(str(error)) from None
    new_etag = response.headers.get("ETag", "")[:200]
    if response.status == 304:
        return Copy(None, new_etag)
    if response.content_type in WEB_PAGES:
        raise FeedError("the answer is a web page")
    return Copy(response.content, new_etag)
