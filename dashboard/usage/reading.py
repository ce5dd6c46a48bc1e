"""One file, read from its checkpoint in bounded pieces, each committed with what it adds up to.

What a run of lines adds up to, the ids seen in it, its rejected lines and the checkpoint behind it commit
in one transaction, which holds the source's row and is guarded by three comparisons: the checkpoint is
still where reading began, no other content that begins alike was read further meanwhile, and nobody
counted one of the ids. If one fails the transaction is given up and reading starts again from what the
database says; so a killed, restarted or doubled reader changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from django.db import transaction
from django.db.models import F

from dashboard.kit.fields import EPOCH
from dashboard.usage import aggregates, latest
from dashboard.usage.blocks import (
    HEAD,
    MAX_LINE,
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
from dashboard.usage.decoding import Helpers, Run, decode, decoded_ahead
from dashboard.usage.formats import tables
from dashboard.usage.formats.aggregated import Aggregated
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_document, is_json
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.models import RejectedLine, Source, Stream
from dashboard.usage.records import Batch, Called, Caller, Measures, add_measures, last_hour
from dashboard.usage.rollups import merge

if TYPE_CHECKING:
    from dashboard.usage.ingest import Session

__all__ = ["InputError", "Progress", "Reading"]

SQUEEZED = 6  # what a compressed log's byte on disk stands for, roughly
ATTEMPTS = 50
MARKS = 64
REJECTED_KEPT = 1000

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
        return reader.opened(head, self.source.config) if isinstance(reader, Aggregated) else reader

    def _consume(self, content: Content, tail: bytes, reader: Format) -> None:
        batch = self._batch()
        taken = content.consumed
        last = None
        try:
            for run, part in self._decoded(content, tail, reader):
                if part is None or not batch.add(part, self.end.lines + batch.lines + 1):
                    for block in run:
                        decode(block, reader, batch, self.end.lines + batch.lines + 1)
                last = run[-1]
                if self.progress:
                    self.progress(content.consumed - taken)
                    taken = content.consumed
                # What an aggregated file tells twice of one bucket is summed: it is one delivery.
                if last.end - self.end.offset >= self.session.commit_bytes and not reader.aggregated:
                    self._commit(batch, last)
                    batch, last = self._batch(), None
        except ContentError:
            if last:
                self._commit(batch, last)
            raise
        if last:
            self._commit(batch, last, at_end=True)
        elif not self.is_import or self.stream is not None:
            self._note()

    def _decoded(self, content: Content, tail: bytes, reader: Format) -> Iterator[tuple[Run, Batch | None]]:
        """The blocks to count; with what they add up to where helpers could tell ahead."""
        cut = self._blocks(content, tail, reader)
        left = (self.size - content.consumed) * (1 if content.kind == "plain" else SQUEEZED)
        if left < self.session.big or not self.session.helpers or reader.aggregated:
            yield from (([block], None) for block in cut)
            return
        believed = last_hour(self.session.now)
        with Helpers(self.format_name, believed, self.session.helpers, content.descriptor) as helpers:
            yield from decoded_ahead(cut, helpers)

    def _blocks(self, content: Content, tail: bytes, reader: Format) -> Iterator[Block]:
        if isinstance(reader, DocumentFormat) and self._is_document(reader):
            return document(content, self.end, tail)
        return blocks(content, self.end, tail, self._is_final(content), self.session.piece)

    def _is_document(self, reader: DocumentFormat) -> bool:
        """Whether this file is one page over many lines, or one too long for a line, and not lines."""
        with Content(self.path) as content:
            head = content.read(HEAD)
            if not (is_document(head) or reader.is_document(head)):
                return False
            line, newline, _ = (head + content.read(MAX_LINE)).lstrip().partition(b"\n")
        return not (newline and is_json(line))

    def _batch(self) -> Batch:
        return Batch(last_hour(self.session.now), seen=self.session.seen.of)

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

    def _commit(self, batch: Batch, block: Block, *, at_end: bool = False) -> None:
        end = Checkpoint(
            block.end,
            block.checksum,
            self.end.lines + batch.lines,
            self.end.records + batch.accepted + batch.duplicates,
            self.end.rejected + batch.rejected,
        )
        try:
            with transaction.atomic():
                self._write(batch, end, block.tail, at_end=at_end)
        except BaseException:
            self.session.forget()
            raise
        self.session.seen.commit(batch.fresh)
        self.end = end
        self.accepted += batch.accepted
        self.rejected += batch.rejected
        self.duplicates += batch.duplicates

    def _write(self, batch: Batch, end: Checkpoint, tail: bytes, *, at_end: bool) -> None:
        session = self.session
        if not Source.objects.select_for_update().filter(pk=self.source.pk).exists():
            raise InputError(f"{self.path}: its source was deleted meanwhile")
        others = Stream.objects.rivals(self.source, self.head).values_list("pk", "offset")
        own = self.stream.pk if self.stream else None
        if fingerprint(row for row in others if row[0] != own) != self.rivals:
            raise _Moved
        if any(batch.fresh.values()) and session.seen.collides(batch.fresh):
            raise _Moved
        stream = self.stream or self._create()
        changed = Stream.objects.at(stream.pk, self.end.offset).update(
            offset=end.offset,
            checksum=end.checksum,
            tail=tail_hash(tail),
            marks=_thinned([*stream.marks, _mark(end)]),
            lines=end.lines,
            accepted=F("accepted") + batch.accepted,
            rejected=F("rejected") + batch.rejected,
            duplicates=F("duplicates") + batch.duplicates,
            skipped=F("skipped") + batch.skipped,
            **(self._place() if at_end else {"path": str(self.path)[-1000:], "format": self.format_name}),
        )
        if not changed:
            raise _Moved
        self._count(batch)
        aggregates.replace(self.source, batch.readings.values(), session.dimensions, session.now.date())
        session.seen.store(batch.fresh)
        self._keep_rejects(batch)
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

    def _count(self, batch: Batch) -> None:
        callers: dict[Caller, int] = {}
        names: dict[Called, int] = {}
        for (caller, called), hours in batch.used.items():
            first = min(hours)
            callers[caller] = min(first, callers.get(caller, first))
            names[called] = min(first, names.get(called, first))
        dimensions = self.session.dimensions
        identity = dimensions.callers({caller: day_of(hour) for caller, hour in callers.items()})
        name = dimensions.names({called: day_of(hour) for called, hour in names.items()})
        rows: dict[tuple[int, int, int], Measures] = {}
        proofs: dict[tuple[int, int], latest.Proof] = {}
        for pair, hours in batch.used.items():
            who, what = identity[pair[0]], name[pair[1]]
            at, line, request_id = batch.latest[pair]
            if (who, what) not in proofs or at >= proofs[who, what][0]:
                proofs[who, what] = at, 0, line, request_id
            for hour, measures in hours.items():
                known = rows.setdefault((hour, who, what), measures)
                if known is not measures:
                    add_measures(known, measures)
        merge(self.source.pk, rows)
        latest.keep(str(self.path), proofs)

    def _keep_rejects(self, batch: Batch) -> None:
        if not batch.rejects:
            return
        RejectedLine.objects.bulk_create(
            RejectedLine(
                source=self.source,
                path=str(self.path)[-1000:],
                at=self.session.now,
                **reject._asdict(),
            )
            for reject in batch.rejects
        )
        RejectedLine.objects.keep_newest(self.source, REJECTED_KEPT)

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


def day_of(hour: int) -> date:
    return EPOCH + timedelta(days=hour // 24)


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
