"""A worker process that decodes lines: `python -m ... FORMAT LAST_HOUR DESCRIPTOR OPENING FAST_PATHS`.

It has no database connection and loads only its format. Requests come on its standard input, each a run of lines
or their place in the file behind the descriptor; responses go to its standard output. It ends when its input is
closed, so it never outlives the reader.
"""

import gc
import json
import marshal
import os
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import IO, Any

from isal.isal_zlib import crc32

from dashboard.usage.formats.base import Format
from dashboard.usage.formats.fast_path import CACHED_PIECE_BYTES, FastPathFormat
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import COUNTS, Batch, Called, Caller, Reject

__all__ = ["REQUEST", "RESPONSE", "receive", "send", "serve", "unpack_batch"]

# Whether the bytes follow, how many, the offset of the first, the checksum before it.
REQUEST = struct.Struct("<?QQQ")
RESPONSE = struct.Struct("<QQ")  # bytes that follow, the checksum after the lines


def serve(
    reader: Format,
    last_hour: int,
    source: IO[bytes],
    sink: IO[bytes],
    descriptor: int | None,
    *,
    fast_paths: bool,
) -> None:
    """Serve decode requests until the parent closes the pipe."""
    gc.disable()
    while True:
        try:
            follows, size, offset, before = REQUEST.unpack(receive(source, REQUEST.size))
            where = receive(source, size) if follows or descriptor is None else descriptor
            run = LineRange(where, offset, size, before)
            answer = pack_batch(_decoded(reader, run, last_hour, fast_paths=fast_paths))
            send(sink, RESPONSE.pack(len(answer), run.checksum), answer)
        except (EOFError, BrokenPipeError):  # the reader is gone
            return


class LineRange:
    """A run of `size` bytes that are complete lines, in memory or at a place in a file behind a descriptor."""

    def __init__(self, where: bytes | int, offset: int, size: int, before: int) -> None:
        self._where = where
        self.offset, self.size = offset, size
        self.checksum_before = before
        self.checksum = before  # of all content up to the last piece

    def pieces(self, most: int) -> Iterator[bytes]:
        """The lines in pieces of about `most` bytes. Raises EOFError when the file ends before."""
        self.checksum, rest = self.checksum_before, b""
        for at in range(0, self.size, most):
            data = self._read(at, min(most, self.size - at))
            self.checksum = crc32(data, self.checksum)
            piece = rest + data
            cut = piece.rfind(b"\n") + 1 if at + most < self.size else len(piece)
            rest = piece[cut:]
            if cut:
                yield piece[:cut]

    def _read(self, at: int, size: int) -> bytes:
        if isinstance(self._where, bytes):
            return self._where[at : at + size]
        data = os.pread(self._where, size, self.offset + at)
        if len(data) < size:
            raise EOFError
        return data


def receive(pipe: IO[bytes] | None, size: int) -> bytes:
    """So many bytes. Raises EOFError when fewer come."""
    data = pipe.read(size) if pipe else b""
    if len(data) < size:
        raise EOFError
    return data


def send(pipe: IO[bytes] | None, *parts: bytes | memoryview) -> None:
    if pipe is None:
        raise EOFError
    for part in parts:
        pipe.write(part)
    pipe.flush()


def unpack_batch(answer: bytes) -> Batch:
    """The batch in a worker's response. Raises ValueError when it holds none."""
    callers, names, groups, hashes, bulk, rejects, counts = marshal.loads(answer)  # noqa: S302  from our own child
    batch = Batch(0, **dict(zip(COUNTS, counts, strict=True)))
    batch.callers = {Caller(*caller): number for number, caller in enumerate(callers)}
    batch.names = {Called(*called): number for number, called in enumerate(names)}
    batch.groups, batch.new_digests = groups, bulk
    batch.new_hashes = {hour: set(array("Q", hashes)) for hour, hashes in hashes.items()}
    batch.rejects = [Reject(*reject) for reject in rejects]
    return batch


# marshal handles plain types only, and is several times faster than pickle.
def pack_batch(batch: Batch) -> bytes:
    plain = (list(map(tuple, rows)) for rows in (batch.callers, batch.names, batch.rejects))
    callers, names, rejects = plain
    hashes = {hour: array("Q", hashes).tobytes() for hour, hashes in batch.new_hashes.items() if hashes}
    counts = [getattr(batch, count) for count in COUNTS]
    return marshal.dumps((callers, names, batch.groups, hashes, batch.new_digests, rejects, counts))


def _decoded(reader: Format, run: LineRange, last_hour: int, *, fast_paths: bool) -> Batch:
    if fast_paths and isinstance(reader, FastPathFormat):
        part = reader.decode_fast(run.pieces(CACHED_PIECE_BYTES), last_hour, run.checksum_before, run.offset)
        if part is not None:
            return part
    batch = Batch(last_hour, run.checksum_before)
    reader.decode(b"".join(run.pieces(run.size)), batch, 0, run.offset)
    return batch


def _reader(name: str, opening: str) -> Format:
    reader: Any = FORMATS[name]
    if not opening:
        return reader
    head, config = json.loads(opening)
    return reader.for_file(head.encode("latin-1"), config)


if __name__ == "__main__":
    format_name, latest, shared, opened, with_fast_paths = sys.argv[1:]
    from_file = int(shared) if shared else None
    serve(
        _reader(format_name, opened),
        int(latest),
        sys.stdin.buffer,
        sys.stdout.buffer,
        from_file,
        fast_paths=with_fast_paths == "1",
    )
