"""Blocks of lines into sums: in this process, or for big files in helper processes beside it.

A helper (`dashboard.usage.ingest.worker`) gets lines and answers with what they add up to and the hashes of their
ids, as if no id was ever seen. Whoever commits compares those with what was counted before; on a clash the
block is decoded again here, where they are known. So helpers make ingest faster and cannot make it wrong:
there is still one reader, one order and one checkpoint per file. A helper that dies is done without.
"""

import gc
import json
import os
import queue
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

from dashboard.usage.formats.base import Format
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.ingest.chunks import Chunk
from dashboard.usage.ingest.worker import REQUEST, RESPONSE, receive, send, unpack_batch
from dashboard.usage.records import Batch

__all__ = [
    "LONG_RUN_BYTES",
    "RUN_BYTES",
    "ChunkRun",
    "WorkerProcesses",
    "decode_chunk",
    "decode_fast",
    "decode_in_order",
    "group_chunks",
    "idle_workers",
    "without_gc",
]

MAX_WORKERS = 2
AHEAD = 2  # runs that wait beside those being decoded
RUN_BYTES = 8 << 20  # bytes that are added up at a time
LONG_RUN_BYTES = 32 << 20  # the same for helpers that read them as they go: fewer sums to put together
ROOT = Path(__file__).parents[3]

# Blocks of lines that follow each other.
ChunkRun = list[Chunk]


class WorkerProcesses:
    """Processes that decode one format; they start with the first block and end with the context.

    With the `descriptor` of a file that holds the content as it is they read it themselves. `opening` is what
    their format needs to know of the file: its first line and the source's columns.
    """

    def __init__(
        self,
        name: str,
        last_hour: int,
        number: int = MAX_WORKERS,
        descriptor: int | None = None,
        opening: tuple[bytes, Mapping[str, Any]] | None = None,
    ) -> None:
        shared = "" if descriptor is None else str(descriptor)
        opened = json.dumps([opening[0].decode("latin-1"), opening[1]]) if opening else ""
        self._command = [
            sys.executable,
            "-m",
            "dashboard.usage.ingest.worker",
            name,
            str(last_hour),
            shared,
            opened,
        ]
        self._descriptor = descriptor
        self.number = number
        self._threads = ThreadPoolExecutor(number)
        self._idle: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
        self._all: list[subprocess.Popen] = []

    def __enter__(self) -> Self:
        for _ in range(self.number):
            process = subprocess.Popen(  # noqa: S603  our own module
                self._command,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=() if self._descriptor is None else (self._descriptor,),
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

    def submit(self, run: ChunkRun) -> "Future[Batch]":
        return self._threads.submit(self._ask, run)

    def _ask(self, run: ChunkRun) -> Batch:
        process = self._idle.get()
        try:
            first, last = run[0], run[-1]
            follows = self._descriptor is None
            question = REQUEST.pack(follows, last.end - first.start, first.start, first.checksum_before)
            send(process.stdin, question, *(part for chunk in run if follows for part in chunk.parts))
            size, checksum = RESPONSE.unpack(receive(process.stdout, RESPONSE.size))
            answer = receive(process.stdout, size)
            if checksum != last.checksum:
                raise ValueError("the file changed while it was read")
            return unpack_batch(answer)
        finally:
            self._idle.put(process)


def idle_workers() -> int:
    """How many helpers this machine has room for: none while more work waits than it has cores.

    Measured on a crowded machine, helpers made ingest twice as slow; on a calm one, faster.
    """
    cores = os.cpu_count() or 1
    return min(MAX_WORKERS, cores) if cores > 1 and os.getloadavg()[0] < cores else 0


def decode_in_order(cut: Iterable[ChunkRun], workers: WorkerProcesses) -> Iterator[tuple[ChunkRun, Batch | None]]:
    """Each run of blocks in order with what it adds up to; None for one that is to be decoded here."""
    waiting: deque[tuple[ChunkRun, Future[Batch] | None]] = deque()
    for run in cut:
        waiting.append((run, workers.submit(run) if run[0].is_lines else None))
        if len(waiting) >= workers.number + AHEAD:
            yield _answered(*waiting.popleft())
    while waiting:
        yield _answered(*waiting.popleft())


def group_chunks(chunks: Iterable[Chunk], most: int = RUN_BYTES) -> Iterator[ChunkRun]:
    """Lines together up to `most` bytes; whatever else by itself."""
    run: ChunkRun = []
    for chunk in chunks:
        if run and not (chunk.is_lines and chunk.end - run[0].start <= most):
            yield run
            run = []
        run.append(chunk)
        if not chunk.is_lines:
            yield run
            run = []
    if run:
        yield run


def decode_fast(run: ChunkRun, reader: Format, last_hour: int) -> Batch | None:
    """What a run adds up to by the short way of its format, as a helper would tell; None without one."""
    if not (run[0].is_lines and isinstance(reader, FastPathFormat)):
        return None
    with without_gc():
        return reader.decode_fast((chunk.data for chunk in run), last_hour, run[0].checksum_before, run[0].start)


def decode_chunk(chunk: Chunk, reader: Format, batch: Batch, line: int) -> None:
    """Decode here, with the ids that were counted before in sight; the block's first line is number `line`."""
    if chunk.is_rest:
        return
    if chunk.overlong:
        batch.lines += 1
        batch.reject(line, chunk.start, "the line is longer than 8 MiB", b"")
        return
    batch.checksum_before = chunk.checksum_before
    with without_gc():
        if chunk.is_document and isinstance(reader, DocumentFormat):
            reader.decode_document(chunk.data, batch, line, chunk.start)
        else:
            reader.decode(chunk.data, batch, line, chunk.start)


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


def _answered(run: ChunkRun, future: "Future[Batch] | None") -> tuple[ChunkRun, Batch | None]:
    try:
        return run, future.result() if future else None
    except (OSError, EOFError, ValueError):  # the helper is gone, or saw something else
        return run, None


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # what it still held for a process that is gone
