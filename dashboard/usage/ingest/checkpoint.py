"""The checkpoint of a file: found by the file's content, moved in the transaction that stores what was read.

A checkpoint moves in the transaction that counts what lies before it, which holds the source's row and is
guarded by three comparisons: the checkpoint is still where reading began, no other content that begins alike
was read further meanwhile, and nobody counted one of the ids. If one fails the transaction is given up.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F

from dashboard.core.text import printable_path
from dashboard.usage.accumulator import Accumulator
from dashboard.usage.formats.registry import AUTO
from dashboard.usage.ingest.chunks import TAIL_BYTES, Checkpoint, furthest_checkpoint, tail_hash
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.errors import ContentError
from dashboard.usage.models import Source, Stream

__all__ = ["CheckpointMoved", "Checkpointer"]

MARKS = 64


class CheckpointMoved(Exception):  # noqa: N818  an event, not an error
    """Somebody else read this content, or counted one of its ids, since we looked."""


class Checkpointer:
    """How far the content of one file was read; `stat` and `head` are set, and then `find` comes first."""

    stat: os.stat_result

    def __init__(self, source: Source, path: Path, *, is_import: bool) -> None:
        self.source = source
        self.path = path
        self._name = printable_path(path)  # as a stream keeps it
        self.is_import = is_import
        self.head = ""  # until it was read: a file may be damaged from its first byte on
        self.stream: Stream | None = None
        self.end = Checkpoint()
        self.passed = 0  # records that other names of this content had counted: duplicates here
        self._rivals: frozenset[tuple[int, int]] = frozenset()

    def find(self) -> None:
        """Set `end` behind everything of this content that the source has read under any name.

        `stream` was what this very file held when it was last looked at.
        """
        own = self._continued(self.stream)
        rows = list(Stream.objects.with_same_head(self.source, self.head))
        start = _checkpoint(own) if own and not self.is_import else Checkpoint()
        points = [Checkpoint(*mark) for row in rows for mark in row.marks]
        best = furthest_checkpoint(self.path, start, points)
        if own is None or (self.is_import and _checkpoint(own) != best):
            own = next((row for row in rows if best.offset and self._takes_over(row, best)), None)
        self._rivals = _fingerprint((row.pk, row.offset) for row in rows if own is None or row.pk != own.pk)
        self.stream = own
        if own and best.offset > own.offset:
            self._jump(own, best)
        self.end = best

    def advance(self, accumulator: Accumulator, end: Checkpoint, tail: bytes, looked_at: dict[str, Any]) -> None:
        """Move the stream's checkpoint to `end`, inside a transaction. Raises CheckpointMoved or DoesNotExist.

        The caller sets `end` after the commit.
        """
        if not Source.objects.select_for_update().filter(pk=self.source.pk).exists():
            raise Source.DoesNotExist
        others = Stream.objects.with_same_head(self.source, self.head).values_list("pk", "offset")
        own = self.stream.pk if self.stream else None
        if _fingerprint(row for row in others if row[0] != own) != self._rivals:
            raise CheckpointMoved
        stream = self.stream or self._create()
        marks = _thinned([*stream.marks, _mark(end)])
        changed = Stream.objects.at(stream.pk, self.end.offset).update(
            offset=end.offset,
            checksum=end.checksum,
            tail=tail_hash(tail),
            marks=marks,
            lines=end.lines,
            accepted=F("accepted") + accumulator.accepted,
            rejected=F("rejected") + accumulator.rejected,
            duplicates=F("duplicates") + accumulator.duplicates,
            skipped=F("skipped") + accumulator.skipped,
            **looked_at,
        )
        if not changed:
            raise CheckpointMoved
        stream.marks = marks
        self.stream = stream

    def record_visit(self, looked_at: dict[str, Any]) -> None:
        """Record that this file was looked at, though nothing new of it counts."""
        with transaction.atomic():
            if self.stream is None:
                Source.objects.select_for_update().filter(pk=self.source.pk).exists()
                self.stream = self._create()
                self.passed += self.end.records
            Stream.objects.filter(pk=self.stream.pk).update(**looked_at)

    def name(self, format_name: str) -> dict[str, Any]:
        """The fields of a stream while more of its file is to be read."""
        return {"path": self._name, "format": format_name if format_name != AUTO else ""}

    def place(self, format_name: str, now: datetime, problem: str = "", *, waits: bool = False) -> dict[str, Any]:
        """The fields at the file's end, as it was before reading, so that the next poll sees a later change."""
        return self.name(format_name) | {
            "device": self.stat.st_dev,
            "inode": self.stat.st_ino,
            "size": self.stat.st_size,
            "mtime_ns": self.stat.st_mtime_ns,
            "problem": problem[:500],
            "waits": waits,
            "read_at": now,
        }

    def _takes_over(self, row: Stream, best: Checkpoint) -> bool:
        """Whether this file continues exactly where content that lies nowhere else any more ended."""
        return _checkpoint(row) == best and (row.inode == 0 or row.path == self._name)

    def _continued(self, stream: Stream | None) -> Stream | None:
        """The stream that this very file held, if its content still continues it."""
        if self.is_import:
            place = {"device": self.stat.st_dev, "inode": self.stat.st_ino}
            return Stream.objects.on_disk(self.source).filter(head=self.head, **place).first()
        if stream is None:
            return None
        same_start = stream.head == self.head
        if same_start and (stream.offset == 0 or self._tail_at(stream.offset) == stream.tail):
            return Stream.objects.get(pk=stream.pk)
        Stream.objects.mark_removed([stream.pk])
        return None

    def _tail_at(self, offset: int) -> str:
        try:
            with DecompressedStream(self.path) as content:
                content.skip_to(max(0, offset - TAIL_BYTES))
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
            raise CheckpointMoved
        self.passed += to.records - mine.records
        stream.refresh_from_db()

    def _create(self) -> Stream:
        return Stream.objects.create(
            source=self.source,
            path=self._name,
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


def _fingerprint(rows: Iterable[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """Streams and how far they are read: differs whenever one was added or read further."""
    return frozenset(rows)


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
