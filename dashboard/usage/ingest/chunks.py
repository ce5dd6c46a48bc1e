"""Cut a decompressed stream into chunks of complete lines, each with the checkpoint that follows it.

Content is known by value: a hash of its first line, the CRC-32 of all bytes so far, a hash of the last
ones. So a copy, a rename, a compression or a rotation of what was read is recognised wherever it lies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from isal import isal_zlib

from dashboard.usage.formats.documents import MAX_DOCUMENT, DocumentFormat, is_document, is_json
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.errors import ContentError

__all__ = [
    "HEAD_BYTES",
    "MAX_LINE",
    "PIECE_BYTES",
    "TAIL_BYTES",
    "Checkpoint",
    "Chunk",
    "furthest_checkpoint",
    "head_hash",
    "is_one_document",
    "read_chunks",
    "read_document",
    "tail_hash",
]

HEAD_BYTES = 64 << 10  # what detection and `head_of` look at
FIRST_LINE = 4096
TAIL_BYTES = 1024
PIECE_BYTES = 4 << 20
MAX_LINE = 8 << 20


@dataclass(frozen=True)
class Checkpoint:
    """A place in content and what lies before it: `records` were counted (or known), `rejected` were not."""

    offset: int = 0
    checksum: int = 0
    lines: int = 0
    records: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Chunk:
    """Complete lines from `start` to `end`, the checksums of everything before and up to them, the last bytes.

    Their bytes come in `parts`, as they were read, where they are kept. An overlong line is a chunk of its own
    without its bytes.
    """

    parts: tuple[bytes | memoryview, ...]
    checksum_before: int
    checksum: int
    tail: bytes
    start: int
    end: int
    overlong: bool = False
    # The end of a line that was counted before its newline came: no line of its own.
    is_rest: bool = False
    # One JSON document over many lines instead of lines.
    is_document: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(self.parts)

    @property
    def is_lines(self) -> bool:
        return not (self.overlong or self.is_rest or self.is_document)


def head_hash(head: bytes) -> str:
    """The hash by which content is looked up: its first line, or the beginning of a very long one.

    "" when `head` does not hold as much; callers that know it for the whole content append a newline.
    """
    line, newline, _ = head[: FIRST_LINE + 1].partition(b"\n")
    if not newline and len(line) <= FIRST_LINE:
        return ""
    return blake2b(line[:FIRST_LINE].rstrip(b"\r"), digest_size=16).hexdigest()


def tail_hash(tail: bytes) -> str:
    return blake2b(tail[-TAIL_BYTES:], digest_size=16).hexdigest()


def furthest_checkpoint(path: Path, start: Checkpoint, known: list[Checkpoint]) -> Checkpoint:
    """The furthest known checkpoint that this file's bytes lead to, reading on from `start`."""
    points: dict[int, list[Checkpoint]] = {}
    for point in known:
        if point.offset > start.offset:
            points.setdefault(point.offset, []).append(point)
    best, checksum = start, start.checksum
    if not points:
        return best
    with DecompressedStream(path, start.offset) as stream:
        for offset in sorted(points):
            while stream.position < offset:
                piece = stream.read(min(PIECE_BYTES, offset - stream.position))
                if not piece:
                    return best
                checksum = isal_zlib.crc32(piece, checksum)
            best = next((p for p in points[offset] if p.checksum == checksum), best)
    return best


def read_chunks(
    stream: DecompressedStream,
    start: Checkpoint,
    tail: bytes,
    is_final: Callable[[bytes], bool],
    size: int = PIECE_BYTES,
    *,
    keep: bool = True,
) -> Iterator[Chunk]:
    """Read on from `start`, where `content` stands; `tail` are the last bytes before it.

    The last line without a newline counts when `is_final(line)`; otherwise it waits. Without `keep` the chunks
    have the offsets of their lines but not the bytes.
    """
    checksum, end = start.checksum, start.offset
    rest = b""
    overlong = False
    begun = -1  # where the overlong line began

    def make_chunk(*parts: bytes | memoryview, keep: bool = True, **kind: bool) -> Chunk:
        nonlocal checksum, tail, end
        first, before = begun if begun >= 0 else end, checksum
        for part in parts:
            checksum = isal_zlib.crc32(part, checksum)
            tail = (tail + bytes(part[-TAIL_BYTES:]))[-TAIL_BYTES:]
            end += len(part)
        return Chunk(parts if keep else (), before, checksum, tail, first, end, **kind)

    for piece in stream.pieces(min(size, MAX_LINE // 2)):
        if end == start.offset and not rest and piece[:1] == b"\n" and tail and tail[-1:] != b"\n":
            yield make_chunk(b"\n", keep=False, is_rest=True)
            piece = piece[1:]
        if overlong:
            cut = piece.find(b"\n") + 1
            passed = make_chunk(piece[:cut] if cut else piece, keep=False, overlong=True)
            if not cut:
                continue
            overlong, begun = False, -1
            yield passed
            piece = piece[cut:]
        if len(rest) > MAX_LINE // 2 and len(rest) + piece.find(b"\n") > MAX_LINE and b"\n" in piece:
            cut = piece.find(b"\n") + 1
            yield make_chunk(rest, piece[:cut], keep=False, overlong=True)
            rest, piece = b"", piece[cut:]
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield make_chunk(rest, memoryview(piece)[:cut], keep=keep)
        rest = piece[cut:] if cut else rest + piece
        if len(rest) > MAX_LINE:
            begun, overlong = end, True
            make_chunk(rest, keep=False, overlong=True)
            rest = b""
    if overlong and is_final(b""):
        yield make_chunk(keep=False, overlong=True)
    elif rest and is_final(rest):
        yield make_chunk(rest, keep=keep)


def is_one_document(path: Path, reader: DocumentFormat) -> bool:
    """Whether a file is one page over many lines, or one too long for a line, and not lines."""
    with DecompressedStream(path) as content:
        head = content.read(HEAD_BYTES)
        if not (is_document(head) or reader.is_document(head)):
            return False
        line, newline, _ = (head + content.read(MAX_LINE)).lstrip().partition(b"\n")
    return not (newline and is_json(line))


def read_document(stream: DecompressedStream, start: Checkpoint, tail: bytes) -> Iterator[Chunk]:
    """All that is left as one document, if it is one; a document that is still being written raises."""
    data = stream.read(MAX_DOCUMENT + 1)
    if len(data) > MAX_DOCUMENT:
        raise ContentError(f"is one JSON document of more than {MAX_DOCUMENT >> 20} MiB: ask for smaller pages")
    is_blank = not data.strip()
    if not is_blank and not is_json(data):
        raise ContentError("is not one whole JSON document")
    if data:
        end = start.offset + len(data)
        checksum = isal_zlib.crc32(data, start.checksum)
        yield Chunk(
            (data,),
            start.checksum,
            checksum,
            (tail + data)[-TAIL_BYTES:],
            start.offset,
            end,
            is_rest=is_blank,
            is_document=True,
        )
