"""Bodies of requests that are larger than memory: written to a file piece by piece, or read up to a bound."""

from pathlib import Path
from shutil import disk_usage
from typing import Protocol

from django.http import HttpRequest, UnreadablePostError

from dashboard.api.errors import ApiError

__all__ = ["read_body", "save_body"]

PIECE = 1 << 20
ROOM = 64 << 20  # bytes of the disk that are left alone


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def save_body(request: HttpRequest, path: Path, most: int) -> int:
    """Write the body as it was sent to a file; its length. Raises ApiError."""
    told = _length(request, most)
    if disk_usage(path.parent).free < (told or 0) + ROOM:
        raise ApiError(507, "The state folder has no room for this body")
    source, written = _source(request), 0
    with path.open("wb") as file:
        while piece := _piece(source):
            written += len(piece)
            if written > most:
                raise _too_large(most)
            if told is None and disk_usage(path.parent).free < ROOM:
                raise ApiError(507, "The state folder has no room for this body")
            file.write(piece)
    _check(told, written)
    return written


def read_body(request: HttpRequest, most: int) -> bytes:
    """The whole body, at most so many bytes of it. Raises ApiError."""
    told = _length(request, most)
    source, parts, taken = _source(request), [], 0
    while piece := _piece(source):
        taken += len(piece)
        if taken > most:
            raise _too_large(most)
        parts.append(piece)
    _check(told, taken)
    return b"".join(parts)


def _length(request: HttpRequest, most: int) -> int | None:
    """What the sender says the length is; None for a body in chunks."""
    if _is_chunked(request):
        return None
    text = request.headers.get("Content-Length") or "0"
    length = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if length > most:
        raise _too_large(most)
    return length


def _is_chunked(request: HttpRequest) -> bool:
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _source(request: HttpRequest) -> Readable:
    if not _is_chunked(request):
        return request
    # Django reads as much as Content-Length tells, which is nothing here; the server knows where chunks end.
    if not request.META.get("wsgi.input_terminated"):
        raise ApiError(411, "This server takes no body in chunks: send its length")
    chunks: Readable = request.META["wsgi.input"]
    return chunks


def _piece(source: Readable) -> bytes:
    try:
        return source.read(PIECE)
    except (UnreadablePostError, OSError):
        raise ApiError(400, "The body could not be read to its end: send it again") from None


def _check(told: int | None, taken: int) -> None:
    if told is not None and taken < told:
        raise ApiError(400, f"The body ended after {taken} of {told} bytes: send it again")


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"The body is larger than {most} bytes: send it in parts, or compressed", limit=most)
