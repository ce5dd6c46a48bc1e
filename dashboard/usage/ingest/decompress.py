"""A file's content as inflated bytes, read once from front to back in bounded memory.

Plain, gzip, Zstandard and Parquet are told apart by their first bytes, not by name. Of Parquet the content is
its rows as lines of JSON.
"""

import os
import stat
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import zstandard
from isal import igzip, igzip_lib

from dashboard.usage.ingest.errors import ContentError, ContentTooLargeError, ContentUnavailableError

if TYPE_CHECKING:
    from dashboard.usage.ingest.parquet import ParquetLines

__all__ = ["DecompressedStream", "file_kind", "gunzip"]

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
PIECE_BYTES = 4 << 20
# A bomb inflates without end; no log shrinks five hundredfold over a whole gigabyte.
BOMB_BYTES, BOMB_RATIO = 1 << 30, 500
ZSTD_WINDOW = 128 << 20
FAULTS: tuple[type[Exception], ...] = (OSError, igzip_lib.IsalError, zstandard.ZstdError)  # type: ignore[assignment]


class DecompressedStream:
    """An open file. `position` is the offset in inflated bytes of the next byte that `pieces` yields."""

    def __init__(self, path: Path, position: int = 0) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
        except OSError as problem:
            raise ContentUnavailableError(f"cannot be opened: {problem.strerror}") from problem
        self.stat = os.fstat(descriptor)
        if not stat.S_ISREG(self.stat.st_mode):
            os.close(descriptor)
            raise ContentUnavailableError("is no regular file any more")
        self._raw = os.fdopen(descriptor, "rb", buffering=0)
        try:
            self.kind = _kind(self._raw.read(4) or b"")
            self._raw.seek(0)
        except OSError as problem:
            self._raw.close()
            raise ContentUnavailableError(f"cannot be read: {problem.strerror}") from problem
        self.complete = False  # after the last piece: whether a file that is not plain ended as it should
        self._ended = False
        self._rows: ParquetLines | None = None
        self.position = 0
        self._stream: IO[bytes]
        if self.kind == "gz":
            self._stream = igzip.IGzipFile(fileobj=self._raw)  # type: ignore[assignment]
        elif self.kind == "zst":
            inflater = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
            self._stream = inflater.stream_reader(self._raw, read_across_frames=True)
        elif self.kind == "parquet":
            from dashboard.usage.ingest import parquet  # what few have

            self._stream = self._rows = parquet.ParquetLines(descriptor)  # type: ignore[assignment]
        else:
            self._stream = self._raw
        self.skip_to(position)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._rows:
            self._rows.close()
        self._raw.close()

    def skip_to(self, position: int) -> None:
        """Move on to `position`; for content that is not plain by reading what lies before it."""
        if self.kind == "plain":
            self._raw.seek(position)
            self.position = position
            return
        while self.position < position:
            piece = self._read(min(PIECE_BYTES, position - self.position))
            if not piece:
                raise ContentError("ends before the place that was read before")

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        parts = []
        while size > 0 and (piece := self._read(min(size, PIECE_BYTES))):
            parts.append(piece)
            size -= len(piece)
        return b"".join(parts)

    def pieces(self, size: int = PIECE_BYTES) -> Iterator[bytes]:
        """The rest of the content in pieces of at most `size` bytes."""
        while piece := self._read(size):
            yield piece

    @property
    def descriptor(self) -> int | None:
        """Of the open file, where its bytes are the content's; None for compressed ones."""
        return self._raw.fileno() if self.kind == "plain" else None

    def reread(self, start: int, end: int) -> bytes:
        """Bytes of plain content that were read before; fewer when the file has shrunk."""
        return os.pread(self._raw.fileno(), end - start, start)

    @property
    def consumed(self) -> int:
        """Bytes taken from the disk so far, of Parquet about as many."""
        return self._rows.bytes_read if self._rows else self._raw.tell()

    def _read(self, size: int) -> bytes:
        if self._ended:
            return b""
        try:
            piece = self._stream.read1(size) if self.kind == "gz" else self._stream.read(size)  # type: ignore[attr-defined]
        except EOFError:
            self._ended = True  # still being written, or cut off: what is there counts
            return b""
        except FAULTS as problem:
            if isinstance(problem, OSError) and problem.errno is not None:
                raise ContentUnavailableError(f"cannot be read: {problem.strerror}") from problem
            raise ContentError(f"is damaged after {self.position} inflated bytes") from problem
        self.position += len(piece)
        if not piece:
            self._ended = True
            self.complete = self.kind != "zst" or _zstd_ends(self._raw)
        elif self.position > BOMB_BYTES and self.kind != "plain":
            taken = max(1, self.consumed)
            if self.position > taken * BOMB_RATIO:
                raise ContentError(f"inflates more than {BOMB_RATIO} times: it is not read any further")
        return piece


def gunzip(data: bytes, most: int) -> bytes:
    """What gzip holds, at most so many bytes of it. Raises ContentError."""
    try:
        inside: bytes = igzip.IGzipFile(fileobj=BytesIO(data)).read(most + 1)
    except EOFError:
        raise ContentError("is cut off: the compressed data ends early") from None
    except FAULTS:
        raise ContentError("is no gzip") from None
    if len(inside) > most:
        raise ContentTooLargeError(f"has more than {most} bytes when it is unpacked")
    return inside


def file_kind(path: Path) -> str:
    """What a file is by its first bytes: gz, zst, parquet or plain."""
    with path.open("rb") as file:
        return _kind(file.read(4))


def _kind(magic: bytes) -> str:
    return "gz" if magic[:2] == GZIP else {ZSTD: "zst", PARQUET: "parquet"}.get(magic, "plain")


def _zstd_ends(raw: IO[bytes]) -> bool:
    """Whether the last frame is whole. The inflater takes a cut-off file for a finished one.

    Walks frame and block headers (RFC 8878, section 3.1.1) without inflating.
    """
    size = os.fstat(raw.fileno()).st_size
    at = 0
    while at < size:
        raw.seek(at)
        header = raw.read(18)
        if len(header) >= 8 and header[1:4] == b"\x2a\x4d\x18" and header[0] & 0xF0 == 0x50:
            at += 8 + int.from_bytes(header[4:8], "little")  # a skippable frame
            continue
        try:
            has_checksum = zstandard.get_frame_parameters(header).has_checksum
            at += zstandard.frame_header_size(header)
        except zstandard.ZstdError:
            return False
        last = False
        while not last:
            raw.seek(at)
            block = raw.read(3)
            if len(block) < 3:
                return False
            word = int.from_bytes(block, "little")
            last, kind, length = bool(word & 1), word >> 1 & 3, word >> 3
            at += 3 + (1 if kind == 1 else length)
        at += 4 if has_checksum else 0
    return at == size
