"""A process that decodes lines for a reader: `python -m dashboard.usage.helper FORMAT LAST_HOUR [DESCRIPTOR]`.

It knows nothing of the database and loads nothing but its format. Questions come on its input, each a run of
lines, or where they are in the file behind the descriptor; answers go to its output. It ends when its input
does, so it never outlives the reader.
"""

import gc
import marshal
import os
import struct
import sys
from array import array
from typing import IO

from isal.isal_zlib import crc32

from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.quick import QuickFormat
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch, Called, Caller, Reject

__all__ = ["ANSWER", "QUESTION", "receive", "send", "serve", "unpacked"]

# What is asked: whether the bytes follow, how many, the offset of the first, the checksum before it.
QUESTION = struct.Struct("<?QQQ")
ANSWER = struct.Struct("<QQ")  # bytes that follow, the checksum behind what was decoded
COUNTS = ("lines", "accepted", "rejected", "duplicates", "skipped")


def serve(reader: Format, last_hour: int, source: IO[bytes], sink: IO[bytes], descriptor: int | None) -> None:
    """A helper's life."""
    gc.disable()
    while True:
        try:
            follows, size, offset, before = QUESTION.unpack(receive(source, QUESTION.size))
            data = receive(source, size) if follows or descriptor is None else os.pread(descriptor, size, offset)
        except EOFError:
            return
        answer = _packed(_decoded(reader, data, last_hour, before, offset))
        send(sink, ANSWER.pack(len(answer), crc32(data, before)), answer)


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


def unpacked(answer: bytes) -> Batch:
    """What a helper answered. Raises ValueError when it is none."""
    callers, names, groups, fresh, bulk, rejects, counts = marshal.loads(answer)  # noqa: S302  from our own child
    batch = Batch(0, **dict(zip(COUNTS, counts, strict=True)))
    batch.callers = {Caller(*caller): number for number, caller in enumerate(callers)}
    batch.names = {Called(*called): number for number, called in enumerate(names)}
    batch.groups, batch.bulk = groups, bulk
    batch.fresh = {hour: set(array("Q", marks)) for hour, marks in fresh.items()}
    batch.rejects = [Reject(*reject) for reject in rejects]
    return batch


# marshal knows plain tuples only, and is several times faster than what knows more.
def _packed(batch: Batch) -> bytes:
    plain = (list(map(tuple, rows)) for rows in (batch.callers, batch.names, batch.rejects))
    callers, names, rejects = plain
    fresh = {hour: array("Q", marks).tobytes() for hour, marks in batch.fresh.items() if marks}
    counts = [getattr(batch, count) for count in COUNTS]
    return marshal.dumps((callers, names, batch.groups, fresh, batch.bulk, rejects, counts))


def _decoded(reader: Format, data: bytes, last_hour: int, before: int, offset: int) -> Batch:
    part = reader.part(data, last_hour, before, offset) if isinstance(reader, QuickFormat) else None
    if part is None:
        part = Batch(last_hour, before)
        reader.decode(data, part, 0, offset)
    return part


if __name__ == "__main__":
    format_name, latest, shared = sys.argv[1:]
    serve(FORMATS[format_name], int(latest), sys.stdin.buffer, sys.stdout.buffer, int(shared) if shared else None)
