"""One file, read from its checkpoint in bounded pieces, each committed with what it adds up to.

What a run of lines adds up to, the ids seen in it, its rejected lines and the checkpoint behind it commit
in one transaction, which holds the source's row and is guarded by three comparisons: the checkpoint is
still where reading began, no other content that begins alike was read further meanwhile, and nobody
counted one of the ids. If one fails the transaction is given up and reading starts again from what the
database says; so a killed, restarted or doubled reader changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.db.models import F
from isal.isal_zlib import crc32

from dashboard.usage import aggregates
from dashboard.usage.blocks import (
    HEAD,
    MAX_LINE,
    PIECE,
    TAIL,
    Block,
    Checkpoint,
    blocks,
    document,
    head_of,
    locate,
    tail_hash,
)
from dashboard.usage.content import Content, ContentError
from dashboard.usage.counting import add_sums, keep_rejects
from dashboard.usage.decoding import LONG_RUN, RUN, Helpers, Run, at_once, decode, decoded_ahead, runs
from dashboard.usage.formats import tables
from dashboard.usage.formats.aggregated import Aggregated
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_document, is_json
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.quick import SMALL, QuickFormat
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.models import Source, Stream
from dashboard.usage.records import Batch, last_hour
from dashboard.usage.seen import Fresh
from dashboard.usage.tally import Tally

if TYPE_CHECKING:
    from dashboard.usage.ingest import Session

__all__ = ["InputError", "Progress", "Reading"]

SQUEEZED = 6  # what a compressed log's byte on disk stands for, roughly
ATTEMPTS = 50
MARKS = 64
GROUPS = 100_000  # sums in memory that are worth a commit before its bytes are reached

Progress = Callable[[int], None]


class InputError(Exception):
    """A file that cannot be ingested; the message is one sentence naming it."""


class _Moved(Exception):  # noqa: N818  an event, not an error
    """Somebody else read this content, or counted one of its ids, since we looked."""


class Reading:
    """One file being read. The tallies grow only with what has committed."""

    def __init__(
        self, session: "Session", path: Path, format_name: str, *, is_import: bool, progress: Progress | None
    ) -> None:
        self.session = session
        self.source = session.source
        self.path = path
        self.format_name = format_name
        self.is_import = is_import
        self.progress = progress
        self.head = ""  # until it was read: a file may be damaged from its first byte on
        self.opening: tuple[bytes, dict] | None = None  # of a format that depends on how the file begins
        self.stream: Stream | None = None
        self.end = Checkpoint()
        self.rivals: frozenset[tuple[int, int]] = frozenset()
        self.waits = False
        self.accepted = self.rejected = self.duplicates = self.read = self.size = 0

    def run(self, stream: Stream | None) -> None:
        self.stream = stream
        for _ in range(ATTEMPTS):
            try:
                self._run()
            except _Moved:
                self.session.forget()
                if self.stream is not None:
                    self.stream = Stream.objects.filter(pk=self.stream.pk).first()
            except ContentError as problem:
                self._give_up(f"{self.path.name} {problem}")
                return
            else:
                return
        raise InputError(f"{self.path}: other processes keep reading the same content; try again")

    def _run(self) -> None:
        with Content(self.path) as content:
            self.stat, self.size, self.kind = content.stat, content.stat.st_size, content.kind
            head = content.read(HEAD)
            self.head = head_of(head)
            if not self.head and 0 < len(head) < HEAD and self._is_final(content)(head):
                self.head = head_of(head + b"\n")  # one line is all there is
        if not self.head:  # nothing yet that could be known again
            if self.is_import and not content.complete:
                self._give_up(f"{self.path.name} is cut off: the compressed data ends early")
            return
        start = self._start()
        reader = self._format(head)
        if reader is None:
            return
        with Content(self.path) as content:
            if (content.stat.st_dev, content.stat.st_ino) != (self.stat.st_dev, self.stat.st_ino):
                raise _Moved
            content.skip_to(max(0, start.offset - TAIL))
            tail = content.read(start.offset - content.position)
            self.end = start
            try:
                self._consume(content, tail, reader)
            finally:
                self.read += max(0, self.end.offset - start.offset)
        if self.is_import and not content.complete:
            self._give_up(f"{self.path.name} is cut off: the compressed data ends early")

    def _start(self) -> Checkpoint:
        """Where to read on: behind everything of this content that the source has read under any name."""
        own = self._continued()
        rows = list(Stream.objects.rivals(self.source, self.head))
        start = _checkpoint(own) if own and not self.is_import else Checkpoint()
        points = [Checkpoint(*mark) for row in rows for mark in row.marks]
        best = locate(self.path, start, points)
        if own is None or (self.is_import and _checkpoint(own) != best):
            own = next((row for row in rows if best.offset and self._takes_over(row, best)), None)
        self.rivals = fingerprint((row.pk, row.offset) for row in rows if own is None or row.pk != own.pk)
        self.stream = own
        if own and best.offset > own.offset:
            self._jump(own, best)
        return best

    def _takes_over(self, row: Stream, best: Checkpoint) -> bool:
        """Whether this file continues exactly where content that lies nowhere else any more ended."""
        return _checkpoint(row) == best and (row.inode == 0 or row.path == str(self.path)[-1000:])

    def _continued(self) -> Stream | None:
        """The stream that this very file held, if its content still continues it."""
        stream = self.stream
        if self.is_import:
            place = {"device": self.stat.st_dev, "inode": self.stat.st_ino}
            return Stream.objects.in_place(self.source).filter(head=self.head, **place).first()
        if stream is None:
            return None
        same_start = stream.head == self.head
        if same_start and (stream.offset == 0 or self._tail_at(stream.offset) == stream.tail):
            return Stream.objects.get(pk=stream.pk)
        Stream.objects.leave_place([stream.pk])
        return None

    def _tail_at(self, offset: int) -> str:
        try:
            with Content(self.path) as content:
                content.skip_to(max(0, offset - TAIL))
                tail = content.read(offset - content.position)
                return tail_hash(tail) if content.position == offset else ""
        except ContentError:
            return ""

    def _jump(self, stream: Stream, to: Checkpoint) -> None:
        """Another stream has read what follows here: step behind it; its records are duplicates here."""
        mine = _checkpoint(stream)
        changed = Stream.objects.at(stream.pk, mine.offset).update(
            offset=to.offset,
            checksum=to.checksum,
            tail=self._tail_at(to.offset),
            marks=_thinned([*stream.marks, _mark(to)]),
            lines=to.lines,
            duplicates=F("duplicates") + to.records - mine.records,
            rejected=to.rejected,
        )
        if not changed:
            raise _Moved
        self.duplicates += to.records - mine.records
        stream.refresh_from_db()

    def _format(self, head: bytes) -> Format | None:
        name = self.format_name
        if name == AUTO and self.stream is not None:
            name = self.stream.format or AUTO
        if name == AUTO:
            name, why = detect(head)
            if not name:
                self._give_up(f"{self.path.name} is in no format that could be told: {why}")
                return None
        if name not in FORMATS:
            raise InputError(f"{self.path}: there is no format {name!r}; choose one of {', '.join(FORMATS)}")
        if problem := tables.problem_of(self.kind, name):
            self._give_up(f"{self.path.name} {problem}")
            return None
        self.format_name = name
        reader = FORMATS[name]
        if not isinstance(reader, Aggregated):
            return reader
        self.opening = head.partition(b"\n")[0] + b"\n", {"columns": self.source.config.get("columns")}
        return reader.opened(*self.opening)

    def _consume(self, content: Content, tail: bytes, reader: Format) -> None:
        tally = self._tally()
        taken = content.consumed
        last = None
        try:
            for run, part in self._decoded(content, tail, reader):
                line = self.end.lines + tally.lines + 1
                if part is None or not tally.add(part, line):
                    for block in run:
                        whole = self._whole(content, block)
                        decode(whole, reader, tally, self.end.lines + tally.lines + 1)
                last = run[-1]
                if self.progress:
                    self.progress(content.consumed - taken)
                    taken = content.consumed
                # What an aggregated file tells twice of one bucket is summed: it is one delivery.
                if self._is_full(tally, last) and not reader.aggregated:
                    self._commit(tally, last)
                    tally, last = self._tally(), None
        except ContentError:
            if last:
                self._commit(tally, last)
            raise
        if last:
            self._commit(tally, last, at_end=True)
        elif not self.is_import or self.stream is not None:
            self._note()

    def _is_full(self, tally: Tally, last: Block) -> bool:
        return last.end - self.end.offset >= self.session.commit_bytes or len(tally.groups) >= GROUPS

    def _decoded(self, content: Content, tail: bytes, reader: Format) -> Iterator[tuple[Run, Batch | None]]:
        """The blocks to count; with what they add up to, where that could be told without looking at ids."""
        left = (self.size - content.consumed) * (1 if content.kind == "plain" else SQUEEZED)
        believed, most = last_hour(self.session.now), self.session.commit_bytes
        if left < self.session.big or not self.session.helpers or reader.aggregated:
            for run in runs(self._blocks(content, tail, reader), min(RUN, most)):
                yield run, at_once(run, reader, believed)
            return
        keep = content.descriptor is None  # otherwise helpers read the lines themselves
        with Helpers(
            self.format_name, believed, self.session.helpers, content.descriptor, self.opening
        ) as helpers:
            cut = runs(self._blocks(content, tail, reader, keep=keep), min(RUN if keep else LONG_RUN, most))
            yield from decoded_ahead(cut, helpers)

    def _blocks(self, content: Content, tail: bytes, reader: Format, *, keep: bool = True) -> Iterator[Block]:
        if isinstance(reader, DocumentFormat) and self._is_document(reader):
            return document(content, self.end, tail)
        size = self.session.piece or (SMALL if isinstance(reader, QuickFormat) else PIECE)
        return blocks(content, self.end, tail, self._is_final(content), size, keep=keep)

    def _whole(self, content: Content, block: Block) -> Block:
        """The block with its bytes, read again where they were not kept."""
        if block.parts or not block.is_lines:
            return block
        data = content.again(block.start, block.end)
        if crc32(data, block.before) != block.checksum:
            raise _Moved
        return replace(block, parts=(data,))

    def _is_document(self, reader: DocumentFormat) -> bool:
        """Whether this file is one page over many lines, or one too long for a line, and not lines."""
        with Content(self.path) as content:
            head = content.read(HEAD)
            if not (is_document(head) or reader.is_document(head)):
                return False
            line, newline, _ = (head + content.read(MAX_LINE)).lstrip().partition(b"\n")
        return not (newline and is_json(line))

    def _tally(self) -> Tally:
        return Tally(last_hour(self.session.now), self.session.seen.of)

    def _is_final(self, content: Content) -> Callable[[bytes], bool]:
        """Whether a last line without a newline counts now."""
        if content.kind != "plain":
            return lambda _line: content.complete
        if self.is_import:
            return lambda _line: True
        age = self.session.now.timestamp() - content.stat.st_mtime
        # Gateways write objects without a last newline. A JSON object tells by itself that it is whole; a
        # minute without a change tells that nobody is writing. (A pinned clock may lie far in the past.)
        settled = age >= 60 or age < -timedelta(days=1).total_seconds()

        def is_final(line: bytes) -> bool:
            whole = _is_object(line)
            self.waits = whole and not settled
            return whole and settled

        return is_final

    def _commit(self, tally: Tally, block: Block, *, at_end: bool = False) -> None:
        end = Checkpoint(
            block.end,
            block.checksum,
            self.end.lines + tally.lines,
            self.end.records + tally.accepted + tally.duplicates,
            self.end.rejected + tally.rejected,
        )
        marks = tally.marks()
        try:
            with transaction.atomic():
                self._write(tally, marks, end, block.tail, at_end=at_end)
        except BaseException:
            self.session.forget()
            raise
        self.session.seen.commit(marks)
        self.end = end
        self.accepted += tally.accepted
        self.rejected += tally.rejected
        self.duplicates += tally.duplicates

    def _write(self, tally: Tally, marks: Fresh, end: Checkpoint, tail: bytes, *, at_end: bool) -> None:
        session = self.session
        if not Source.objects.select_for_update().filter(pk=self.source.pk).exists():
            raise InputError(f"{self.path}: its source was deleted meanwhile")
        others = Stream.objects.rivals(self.source, self.head).values_list("pk", "offset")
        own = self.stream.pk if self.stream else None
        if fingerprint(row for row in others if row[0] != own) != self.rivals:
            raise _Moved
        if marks and session.seen.collides(marks):
            raise _Moved
        stream = self.stream or self._create()
        changed = Stream.objects.at(stream.pk, self.end.offset).update(
            offset=end.offset,
            checksum=end.checksum,
            tail=tail_hash(tail),
            marks=_thinned([*stream.marks, _mark(end)]),
            lines=end.lines,
            accepted=F("accepted") + tally.accepted,
            rejected=F("rejected") + tally.rejected,
            duplicates=F("duplicates") + tally.duplicates,
            skipped=F("skipped") + tally.skipped,
            **(self._place() if at_end else {"path": str(self.path)[-1000:], "format": self.format_name}),
        )
        if not changed:
            raise _Moved
        add_sums(session, str(self.path), tally)
        aggregates.replace(self.source, tally.readings.values(), session.dimensions, session.now.date())
        session.seen.store(marks)
        keep_rejects(session, str(self.path), tally)
        self.stream = stream
        stream.marks = _thinned([*stream.marks, _mark(end)])

    def _create(self) -> Stream:
        return Stream.objects.create(
            source=self.source,
            path=str(self.path)[-1000:],
            head=self.head,
            offset=self.end.offset,
            checksum=self.end.checksum,
            tail=self._tail_at(self.end.offset),
            marks=[_mark(self.end)] if self.end.offset else [],
            lines=self.end.lines,
            duplicates=self.end.records,
            rejected=self.end.rejected,
            device=self.stat.st_dev,
            inode=self.stat.st_ino,
        )

    def _place(self) -> dict:
        """Where the content lies now, as looked at before reading: a later change is seen by the next poll."""
        return {
            "path": str(self.path)[-1000:],
            "format": self.format_name if self.format_name != AUTO else "",
            "device": self.stat.st_dev,
            "inode": self.stat.st_ino,
            "size": self.stat.st_size,
            "mtime_ns": self.stat.st_mtime_ns,
            "problem": "",
            "waits": self.waits,
            "read_at": self.session.now,
        }

    def _note(self, problem: str = "") -> None:
        """Remember that this file was looked at, though nothing more of it counts now."""
        with transaction.atomic():
            if self.stream is None:
                Source.objects.select_for_update().filter(pk=self.source.pk).exists()
                self.stream = self._create()
                self.duplicates += self.end.records
            Stream.objects.filter(pk=self.stream.pk).update(**self._place() | {"problem": problem[:500]})

    def _give_up(self, problem: str) -> None:
        if self.is_import:
            raise InputError(f"{self.path.parent / problem}")
        self._note(problem)


def fingerprint(rows: Iterable[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Streams and how far they are read: differs whenever one was added or read further."""
    return frozenset(rows)


def _is_object(line: bytes) -> bool:
    try:
        return line.lstrip()[:1] == b"{" and msgspec.json.decode(line, type=dict[str, msgspec.Raw]) is not None
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return False


def _checkpoint(stream: Stream) -> Checkpoint:
    return Checkpoint(
        stream.offset, stream.checksum, stream.lines, stream.accepted + stream.duplicates, stream.rejected
    )


def _mark(point: Checkpoint) -> list[int]:
    return [point.offset, point.checksum, point.lines, point.records, point.rejected]


def _thinned(marks: list[list[int]]) -> list[list[int]]:
    """The newest half stay; of the older ones every second goes when there are too many."""
    if len(marks) <= MARKS:
        return marks
    half = len(marks) // 2
    return marks[:half:2] + marks[half:]
