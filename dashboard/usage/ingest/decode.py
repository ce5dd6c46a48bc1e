"""Decode chunks of lines into batches: in this process, or for large files in worker processes beside it.

A worker process (`dashboard.usage.ingest.worker`) decodes lines without knowing which ids were counted before, and
returns their totals and the hashes of their ids. The reader compares those hashes with the ones it knows; if one
was counted before, it decodes the chunk again itself. So workers can make ingest faster but not wrong: there is
one reader, one order and one checkpoint per file. If a worker dies, the reader decodes its chunks.
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
AHEAD = 2  # runs queued beside those being decoded
RUN_BYTES = 8 << 20  # bytes decoded at a time
LONG_RUN_BYTES = 32 << 20  # the same for workers that read the file themselves: fewer batches to merge
ROOT = Path(__file__).parents[3]

# Consecutive chunks of lines.
ChunkRun = list[Chunk]


class WorkerProcesses:
    """Processes that decode one format; they start and end with the context.

    With the `descriptor` of an uncompressed file they read the lines themselves. `opening` is what the format
    needs to know of the file: its first line and the source's column mapping.
    """

    def __init__(
        self,
        name: str,
        last_hour: int,
        number: int = MAX_WORKERS,
        descriptor: int | None = None,
        opening: tuple[bytes, Mapping[str, Any]] | None = None,
        *,
        fast_paths: bool = True,
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
            str(int(fast_paths)),
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
    """How many worker processes this machine has room for: none while its load exceeds its cores.

    On a loaded machine workers made ingest twice as slow; on an idle one, faster (docs/adr/0005).
    """
    cores = os.cpu_count() or 1
    return min(MAX_WORKERS, cores) if cores > 1 and os.getloadavg()[0] < cores else 0


def decode_in_order(cut: Iterable[ChunkRun], workers: WorkerProcesses) -> Iterator[tuple[ChunkRun, Batch | None]]:
    """Each run of chunks in order with its batch; None for a run that the reader has to decode."""
    waiting: deque[tuple[ChunkRun, Future[Batch] | None]] = deque()
    for run in cut:
        waiting.append((run, workers.submit(run) if run[0].is_lines else None))
        if len(waiting) >= workers.number + AHEAD:
            yield _answered(*waiting.popleft())
    while waiting:
        yield _answered(*waiting.popleft())


def group_chunks(chunks: Iterable[Chunk], most: int = RUN_BYTES) -> Iterator[ChunkRun]:
    """Consecutive chunks of lines up to `most` bytes together; any other chunk by itself."""
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
    """The batch of a run by its format's fast path; None where there is none or it does not apply."""
    if not (run[0].is_lines and isinstance(reader, FastPathFormat)):
        return None
    with without_gc():
        return reader.decode_fast((chunk.data for chunk in run), last_hour, run[0].checksum_before, run[0].start)


def decode_chunk(chunk: Chunk, reader: Format, batch: Batch, line: int) -> None:
    """Decode into `batch`, which knows the ids counted before; the chunk's first line is number `line`."""
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
    """Pause the garbage collector: decoding makes many objects but no reference cycles."""
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
    except (OSError, EOFError, ValueError):  # the worker died, or read other bytes
        return run, None


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return  # unsent bytes for a process that has ended
