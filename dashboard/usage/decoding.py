"""Blocks of lines into sums: in this process, or for big files in helper processes beside it.

A helper knows nothing of the database: it gets lines and answers with what they add up to and the hashes
of their ids, as if no id was ever seen. Whoever commits compares those with what was counted before; on a
clash the block is decoded again here, where they are known. So helpers make ingest faster and cannot make
it wrong: there is still one reader, one order and one checkpoint per file. A helper that dies is done
without. It ends when its input does, so it never outlives the reader.
"""

import gc
import os
import pickle
import queue
import struct
import subprocess
import sys
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Self

from dashboard.usage.blocks import Block
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import Batch

__all__ = ["Helpers", "decode", "decoded_ahead", "spare", "without_gc"]

MOST = 2
AHEAD = 2  # blocks that wait beside those being decoded
FRAME = struct.Struct("<QQQ")  # bytes that follow, offset of the first, checksum of everything before it
ROOT = Path(__file__).parents[2]


class Helpers:
    """Processes that decode one format; they start with the first block and end with the context."""

    def __init__(self, name: str, last_hour: int, number: int = MOST) -> None:
        self._command = [sys.executable, "-m", "dashboard.usage.decoding", name, str(last_hour)]
        self.number = number
        self._threads = ThreadPoolExecutor(number)
        self._idle: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
        self._all: list[subprocess.Popen] = []

    def __enter__(self) -> Self:
        for _ in range(self.number):
            process = subprocess.Popen(  # noqa: S603  our own module
                self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._all.append(process)
            self._idle.put(process)
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._all:
            process.kill()
        self._threads.shutdown(cancel_futures=True)
        for process in self._all:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    _close(pipe)
            process.wait()

    def submit(self, block: Block) -> "Future[Batch]":
        return self._threads.submit(self._ask, block)

    def _ask(self, block: Block) -> Batch:
        process = self._idle.get()
        try:
            _send(process.stdin, block.data, block.start, block.before)
            answer, *_ = _receive(process.stdout)
            return _unpacked(answer)
        finally:
            self._idle.put(process)


def spare() -> int:
    """How many helpers this machine has room for: none while more work waits than it has cores.

    Measured on a crowded machine, helpers made ingest twice as slow; on a calm one, faster.
    """
    cores = os.cpu_count() or 1
    return min(MOST, cores) if cores > 1 and os.getloadavg()[0] < cores else 0


def decoded_ahead(blocks: Iterable[Block], helpers: Helpers) -> Iterator[tuple[Block, Batch | None]]:
    """Each block in order with what it adds up to; None for one that is to be decoded here."""
    waiting: deque[tuple[Block, Future[Batch] | None]] = deque()
    for block in blocks:
        lines = bool(block.data) and not (block.is_document or block.is_rest)
        waiting.append((block, helpers.submit(block) if lines else None))
        if len(waiting) >= helpers.number + AHEAD:
            yield _answered(*waiting.popleft())
    while waiting:
        yield _answered(*waiting.popleft())


def decode(block: Block, reader: Format, batch: Batch, line: int) -> None:
    """Decode here; the block's first line is number `line`."""
    if block.is_rest:
        return
    if block.overlong:
        batch.lines += 1
        batch.reject(line, block.start, "the line is longer than 8 MiB", b"")
        return
    batch.before = block.before
    with without_gc():
        if block.is_document and isinstance(reader, DocumentFormat):
            reader.decode_document(block.data, batch, line, block.start)
        else:
            reader.decode(block.data, batch, line, block.start)


@contextmanager
def without_gc() -> Iterator[None]:
    """Decoding makes many objects and no cycles: looking for cycles among them costs and finds none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _answered(block: Block, future: "Future[Batch] | None") -> tuple[Block, Batch | None]:
    try:
        return block, future.result() if future else None
    except (OSError, EOFError, ValueError):  # the helper is gone
        return block, None


def _send(pipe: IO[bytes] | None, data: bytes, offset: int, before: int) -> None:
    if pipe is None:
        raise EOFError
    pipe.write(FRAME.pack(len(data), offset, before))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> tuple[bytes, int, int]:
    header = pipe.read(FRAME.size) if pipe else b""
    if pipe is None or len(header) < FRAME.size:
        raise EOFError
    size, offset, before = FRAME.unpack(header)
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data, offset, before


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # what it still held for a process that is gone


def _packed(batch: Batch) -> bytes:
    ids = {hour: array("Q", marks).tobytes() for hour, marks in batch.fresh.items() if marks}
    counts = (batch.lines, batch.accepted, batch.rejected, batch.duplicates, batch.skipped)
    return pickle.dumps((batch.sums, ids, batch.rejects, counts), protocol=5)


def _unpacked(answer: bytes) -> Batch:
    sums, ids, rejects, counts = pickle.loads(answer)  # noqa: S301  from our own child
    fresh = {hour: set(array("Q", marks)) for hour, marks in ids.items()}
    lines, accepted, rejected, duplicates, skipped = counts
    return Batch(
        0,
        sums=sums,
        fresh=fresh,
        rejects=rejects,
        lines=lines,
        accepted=accepted,
        rejected=rejected,
        duplicates=duplicates,
        skipped=skipped,
    )


def serve(reader: Format, last_hour: int, source: IO[bytes], sink: IO[bytes]) -> None:
    """A helper's life: blocks in, sums out, until the input ends."""
    gc.disable()
    while True:
        try:
            data, offset, before = _receive(source)
        except EOFError:
            return
        batch = Batch(last_hour, before=before)
        reader.decode(data, batch, 0, offset)
        _send(sink, _packed(batch), 0, 0)


if __name__ == "__main__":
    serve(FORMATS[sys.argv[1]], int(sys.argv[2]), sys.stdin.buffer, sys.stdout.buffer)
