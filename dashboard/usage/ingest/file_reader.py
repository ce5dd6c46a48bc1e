"""One file, read from its checkpoint in bounded pieces, each committed with what it adds up to.

The totals of a run of lines, the hashes of its ids, its rejected lines and the checkpoint behind it commit in one
transaction, whose guards are in `checkpoint`. If one fails the transaction is given up and reading starts again
from what the database says; so a killed, restarted or doubled reader changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, transaction
from isal.isal_zlib import crc32

from dashboard.core.text import printable_path
from dashboard.usage.accumulator import Accumulator
from dashboard.usage.formats import row_columns as tables
from dashboard.usage.formats.aggregated import AggregatedFormat
from dashboard.usage.formats.base import Format
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_json_object
from dashboard.usage.formats.fast_path import CACHED_PIECE_BYTES, FastPathFormat
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.ingest import errors
from dashboard.usage.ingest.checkpoint import Checkpointer, CheckpointMoved
from dashboard.usage.ingest.chunks import (
    HEAD_BYTES,
    PIECE_BYTES,
    TAIL_BYTES,
    Checkpoint,
    Chunk,
    head_hash,
    is_one_document,
    read_chunks,
    read_document,
)
from dashboard.usage.ingest.decode import (
    LONG_RUN_BYTES,
    RUN_BYTES,
    ChunkRun,
    WorkerProcesses,
    decode_chunk,
    decode_fast,
    decode_in_order,
    group_chunks,
)
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.dedup import NewHashes
from dashboard.usage.ingest.persist import persist_batch
from dashboard.usage.models import Source, Stream
from dashboard.usage.records import Batch, last_hour

if TYPE_CHECKING:
    from dashboard.usage.ingest.pipeline import Session

__all__ = ["FileReader", "Progress"]

SQUEEZED = 6  # what a compressed log's byte on disk stands for, roughly
ATTEMPTS = 50
GROUPS = 100_000  # groups in memory after which a commit comes early

Progress = Callable[[int], None]


class FileReader:
    """One file being read. The counters grow only with what was committed."""

    def __init__(
        self, session: "Session", path: Path, format_name: str, *, is_import: bool, progress: Progress | None
    ) -> None:
        self.session = session
        self.source = session.source
        self.path = path
        self.format_name = format_name
        self.is_import = is_import
        self.progress = progress
        self.opening: tuple[bytes, dict] | None = None  # of a format that depends on how the file begins
        self.checkpointer = Checkpointer(session.source, path, is_import=is_import)
        self.waits = False
        self.accepted = self.rejected = self.repeated = self.read = self.size = 0

    @property
    def end(self) -> Checkpoint:
        """How far the content is read, by whomever."""
        return self.checkpointer.end

    @property
    def duplicates(self) -> int:
        return self.repeated + self.checkpointer.passed

    def run(self, stream: Stream | None) -> None:
        checkpointer = self.checkpointer
        checkpointer.stream = stream
        for _ in range(ATTEMPTS):
            try:
                self._run()
            except CheckpointMoved:
                self.session.forget()
                if checkpointer.stream is not None:
                    checkpointer.stream = Stream.objects.filter(pk=checkpointer.stream.pk).first()
            except errors.ContentUnavailableError as problem:
                raise errors.UnreadableContentError(self.path, str(problem)) from None  # a later poll tries again
            except errors.ContentError as problem:
                self._give_up(str(problem))
                return
            except (errors.InputError, OperationalError, InterfaceError):
                raise
            except Exception as problem:  # noqa: BLE001  a decoder's fault, which errors.log has
                errors.log.exception("%s: reading failed", printable_path(self.path))
                self._give_up(errors.reader_failure(problem, self.end.lines, self.end.offset))
                return
            else:
                return
        raise errors.InputBusyError(self.path, "other processes keep reading the same content; try again")

    def _run(self) -> None:
        checkpointer = self.checkpointer
        with DecompressedStream(self.path) as content:
            checkpointer.stat, self.size, self.kind = content.stat, content.stat.st_size, content.kind
            head = content.read(HEAD_BYTES)
            checkpointer.head = head_hash(head)
            if not checkpointer.head and 0 < len(head) < HEAD_BYTES and self._is_final(content)(head):
                checkpointer.head = head_hash(head + b"\n")  # one line is all there is
        if not checkpointer.head:  # nothing yet that could be known again
            if self.is_import and not content.complete:
                self._give_up("is cut off: the compressed data ends early")
            return
        checkpointer.find()
        start = checkpointer.end
        reader = self._format(head)
        if reader is None:
            return
        with DecompressedStream(self.path) as content:
            if (content.stat.st_dev, content.stat.st_ino) != (checkpointer.stat.st_dev, checkpointer.stat.st_ino):
                raise CheckpointMoved
            content.skip_to(max(0, start.offset - TAIL_BYTES))
            tail = content.read(start.offset - content.position)
            try:
                self._consume(content, tail, reader)
            finally:
                self.read += max(0, self.end.offset - start.offset)
        if self.is_import and not content.complete:
            self._give_up("is cut off: the compressed data ends early")

    def _format(self, head: bytes) -> Format | None:
        name = self.format_name
        if name == AUTO and self.checkpointer.stream is not None:
            name = self.checkpointer.stream.format or AUTO
        if name == AUTO:
            name, why = detect(head)
            if not name:
                self._give_up(f"is in no format that could be told: {why}")
                return None
        if name not in FORMATS:
            raise errors.InputError(self.path, f"there is no format {name!r}; choose one of {', '.join(FORMATS)}")
        if problem := tables.column_problem(self.kind, name):
            self._give_up(str(problem))
            return None
        self.format_name = name
        reader = FORMATS[name]
        if not isinstance(reader, AggregatedFormat):
            return reader
        self.opening = head.partition(b"\n")[0] + b"\n", {"columns": self.source.config.get("columns")}
        return reader.for_file(*self.opening)

    def _consume(self, content: DecompressedStream, tail: bytes, reader: Format) -> None:
        accumulator = self.session.accumulator()
        taken = content.consumed
        last = None
        try:
            for run, part in self._decoded(content, tail, reader):
                line = self.end.lines + accumulator.lines + 1
                if part is None or not accumulator.add(part, line):
                    for chunk in run:
                        whole = self._whole(content, chunk)
                        decode_chunk(whole, reader, accumulator, self.end.lines + accumulator.lines + 1)
                last = run[-1]
                if self.progress:
                    self.progress(content.consumed - taken)
                    taken = content.consumed
                # An aggregated file is one delivery: its rows of one bucket are summed, so it is committed once.
                if self._is_full(accumulator, last) and not reader.aggregated:
                    self._commit(accumulator, last)
                    accumulator, last = self.session.accumulator(), None
        except errors.ContentError:
            if last:
                self._commit(accumulator, last)
            raise
        if last:
            self._commit(accumulator, last, at_end=True)
        elif not self.is_import or self.checkpointer.stream is not None:
            self.checkpointer.record_visit(self._looked_at())

    def _is_full(self, accumulator: Accumulator, last: Chunk) -> bool:
        return last.end - self.end.offset >= self.session.commit_bytes or len(accumulator.groups) >= GROUPS

    def _decoded(
        self, content: DecompressedStream, tail: bytes, reader: Format
    ) -> Iterator[tuple[ChunkRun, Batch | None]]:
        """The runs of chunks to count, each with its batch where it could be decoded without the known ids."""
        left = (self.size - content.consumed) * (1 if content.kind == "plain" else SQUEEZED)
        believed, most = last_hour(self.session.now), self.session.commit_bytes
        if left < self.session.worker_threshold or not self.session.workers or reader.aggregated:
            for run in group_chunks(self._chunks(content, tail, reader), min(RUN_BYTES, most)):
                yield run, decode_fast(run, reader, believed) if self.session.fast_paths else None
            return
        keep = content.descriptor is None  # otherwise workers read the lines themselves
        with WorkerProcesses(
            self.format_name,
            believed,
            self.session.workers,
            content.descriptor,
            self.opening,
            fast_paths=self.session.fast_paths,
        ) as workers:
            cut = group_chunks(
                self._chunks(content, tail, reader, keep=keep), min(RUN_BYTES if keep else LONG_RUN_BYTES, most)
            )
            yield from decode_in_order(cut, workers)

    def _chunks(
        self, content: DecompressedStream, tail: bytes, reader: Format, *, keep: bool = True
    ) -> Iterator[Chunk]:
        if isinstance(reader, DocumentFormat) and is_one_document(self.path, reader):
            return read_document(content, self.end, tail)
        size = self.session.piece_bytes or (
            CACHED_PIECE_BYTES if isinstance(reader, FastPathFormat) else PIECE_BYTES
        )
        return read_chunks(content, self.end, tail, self._is_final(content), size, keep=keep)

    def _whole(self, content: DecompressedStream, chunk: Chunk) -> Chunk:
        """The chunk with its bytes, read again where they were not kept."""
        if chunk.parts or not chunk.is_lines:
            return chunk
        data = content.reread(chunk.start, chunk.end)
        if crc32(data, chunk.checksum_before) != chunk.checksum:
            raise CheckpointMoved
        return replace(chunk, parts=(data,))

    def _is_final(self, content: DecompressedStream) -> Callable[[bytes], bool]:
        """Whether a last line without a newline counts now."""
        if content.kind != "plain":
            return lambda _line: content.complete
        if self.is_import:
            return lambda _line: True
        age = self.session.now.timestamp() - content.stat.st_mtime
        # Gateways write objects without a last newline. A JSON object shows by itself that it is complete; a
        # minute without a change means that nobody is writing. (A pinned clock may lie far in the past.)
        settled = age >= 60 or age < -timedelta(days=1).total_seconds()

        def is_final(line: bytes) -> bool:
            whole = is_json_object(line)
            self.waits = whole and not settled
            return whole and settled

        return is_final

    def _commit(self, accumulator: Accumulator, chunk: Chunk, *, at_end: bool = False) -> None:
        session, checkpointer, start = self.session, self.checkpointer, self.end
        end = Checkpoint(
            chunk.end,
            chunk.checksum,
            start.lines + accumulator.lines,
            start.records + accumulator.accepted + accumulator.duplicates,
            start.rejected + accumulator.rejected,
        )
        hashes = accumulator.hashes_by_hour()
        looked_at = self._looked_at() if at_end else checkpointer.name(self.format_name)
        try:
            with transaction.atomic():
                checkpointer.advance(accumulator, end, chunk.tail, looked_at)
                self._count(accumulator, hashes)
        except Source.DoesNotExist:
            session.forget()
            raise errors.InputError(self.path, "its source was deleted meanwhile") from None
        except BaseException:
            session.forget()
            raise
        session.known_hashes.commit(hashes)
        checkpointer.end = end
        self.accepted += accumulator.accepted
        self.rejected += accumulator.rejected
        self.repeated += accumulator.duplicates

    def _count(self, accumulator: Accumulator, hashes: NewHashes) -> None:
        if hashes and self.session.known_hashes.collides(hashes):
            raise CheckpointMoved
        persist_batch(self.session, str(self.path), accumulator, hashes)

    def _looked_at(self, problem: str = "") -> dict[str, Any]:
        return self.checkpointer.place(self.format_name, self.session.now, problem, waits=self.waits)

    def _give_up(self, reason: str) -> None:
        if self.is_import:
            raise errors.UnreadableContentError(self.path, reason)
        self.checkpointer.record_visit(self._looked_at(f"{printable_path(self.path.name)} {reason}"))
