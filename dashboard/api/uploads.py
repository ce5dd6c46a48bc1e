"""Request bodies in bounded memory: written to a file chunk by chunk, or read up to a limit."""

from pathlib import Path
from shutil import disk_usage
from typing import Protocol

from django.http import HttpRequest, UnreadablePostError

from dashboard.api.errors import ApiError

__all__ = ["read_body", "save_body"]

CHUNK = 1 << 20
RESERVED = 64 << 20  # bytes of the disk that stay free


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def save_body(request: HttpRequest, path: Path, limit: int) -> int:
    """Write the body to a file as it was sent, and return its length. Raises ApiError."""
    declared = _length(request, limit)
    if disk_usage(path.parent).free < (declared or 0) + RESERVED:
        raise ApiError(507, "The state folder has no room for this body")
    source, written = _source(request), 0
    with path.open("wb") as file:
        while chunk := _read_chunk(source):
            written += len(chunk)
            if written > limit:
                raise _too_large(limit)
            if declared is None and disk_usage(path.parent).free < RESERVED:
                raise ApiError(507, "The state folder has no room for this body")
            file.write(chunk)
    _check(declared, written)
    return written


def read_body(request: HttpRequest, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises ApiError."""
    declared = _length(request, limit)
    source, parts, received = _source(request), [], 0
    while chunk := _read_chunk(source):
        received += len(chunk)
        if received > limit:
            raise _too_large(limit)
        parts.append(chunk)
    _check(declared, received)
    return b"".join(parts)


def _length(request: HttpRequest, limit: int) -> int | None:
    """The length that the sender declares; None for a body in chunks."""
    if _is_chunked(request):
        return None
    text = request.headers.get("Content-Length") or "0"
    length = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if length > limit:
        raise _too_large(limit)
    return length


def _is_chunked(request: HttpRequest) -> bool:
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def _source(request: HttpRequest) -> Readable:
    if not _is_chunked(request):
        return request
    # Django reads as many bytes as Content-Length says, which is none here; the server knows where chunks end.
    if not request.META.get("wsgi.input_terminated"):
        raise ApiError(411, "This server takes no body in chunks: send its length")
    chunks: Readable = request.META["wsgi.input"]
    return chunks


def _read_chunk(source: Readable) -> bytes:
    try:
        return source.read(CHUNK)
    except (UnreadablePostError, OSError):
        raise ApiError(400, "The body could not be read to its end: send it again") from None


def _check(declared: int | None, received: int) -> None:
    if declared is not None and received < declared:
        raise ApiError(400, f"The body ended after {received} of {declared} bytes: send it again")


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The body is larger than {limit} bytes: send it in parts, or compressed", limit=limit)
