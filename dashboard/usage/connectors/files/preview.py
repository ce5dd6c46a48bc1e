"""A first look into a file: a little is read in bounded time and memory, and nothing is written.

What keeps a source from being looked at is raised as a `NoGlimpse`, which says what to do about it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from dashboard.usage.buckets import HOUR
from dashboard.usage.formats import row_columns as tables
from dashboard.usage.formats.aggregated import AggregatedFormat
from dashboard.usage.formats.base import Format
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_document, is_json
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.ingest.chunks import HEAD_BYTES, MAX_LINE
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.errors import ContentError
from dashboard.usage.records import Batch, BucketValue, Called, Caller, Reject, last_hour

__all__ = ["RECORDS", "PreviewError", "Sample", "SampleRecord", "sample_file", "sample_records"]

RECORDS = 20
BYTES = 256 << 10  # inflated, of a file of lines


class PreviewError(Exception):
    """Why there is nothing to see: a sentence without secrets, and what to do about it ("" if that says it)."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """What one record says: `start` in seconds since 1970, for how many `seconds`, and measures as in rollups."""

    start: int
    seconds: int
    caller: Caller
    called: Called
    measures: tuple[int | None, ...]


@dataclass
class Sample:
    """What a first look found. The counts are of everything that was looked at, `seen` are the first of it."""

    place: str
    format: str
    why: str
    seen: list[SampleRecord] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    is_whole: bool = True

    def count(self, batch: Batch) -> None:
        self.rejects = batch.rejects
        self.accepted, self.rejected, self.skipped = batch.accepted, batch.rejected, batch.skipped


def sample_file(
    path: Path,
    format_name: str,
    config: Mapping[str, Any],
    now: datetime,
    *,
    place: str = "",
    is_cut: bool = False,
) -> Sample:
    """The beginning of one file, plain or compressed. Raises NoGlimpse.

    A copy is told as the `place` it comes from; `is_cut` when it is not all of it.
    """
    try:
        with DecompressedStream(path) as content:
            head = content.read(BYTES)
            if len(head) == BYTES and b"\n" not in head:
                head += content.read(MAX_LINE)
            name, why = _named(format_name, head)
            if problem := tables.column_problem(content.kind, name):
                raise PreviewError(f"{place or path} {problem}")
            reader = FORMATS[name]
            if isinstance(reader, AggregatedFormat):
                reader = reader.for_file(head[:HEAD_BYTES], config)
            glimpse = Sample(place or str(path), name, why)
            if isinstance(reader, DocumentFormat) and _is_document(reader, head):
                head += content.read(MAX_LINE)
                _document(reader, head, glimpse, now, ended=not (is_cut or content.read(1)))
            else:
                _lines(reader, head, glimpse, now, ended=not (is_cut or content.read(1)))
    except ContentError as problem:
        raise PreviewError(f"{place or path} {problem}") from None
    return glimpse


def _named(format_name: str, head: bytes) -> tuple[str, str]:
    """The format and why it is that one."""
    if format_name != AUTO:
        if format_name not in FORMATS:
            raise PreviewError(_("There is no such format"))
        return format_name, ""
    found = detect(head[:HEAD_BYTES])
    if not found.format:
        raise PreviewError(
            _("The format could not be told: %(why)s") % {"why": found.why},
            _("Choose the format from the list, or name a file that Sundial knows."),
        )
    return found.format, found.why


def _is_document(reader: DocumentFormat, head: bytes) -> bool:
    first, newline, _rest = head.lstrip().partition(b"\n")
    return (is_document(head[:HEAD_BYTES]) or reader.is_document(head)) and not (newline and is_json(first))


def _document(reader: DocumentFormat, data: bytes, glimpse: Sample, now: datetime, *, ended: bool) -> None:
    if not ended:
        raise PreviewError(
            _("The file is one JSON document of more than %(n)s MiB, too long for a test") % {"n": MAX_LINE >> 20},
            _("Try a shorter one; files of one record per line may be of any length."),
        )
    batch = Batch(last_hour(now))
    reader.decode_document(data, batch, 1, 0)
    glimpse.count(batch)
    glimpse.seen = _seen(batch)[:RECORDS]


def _lines(reader: Format, data: bytes, glimpse: Sample, now: datetime, *, ended: bool) -> None:
    """Count all complete lines, then read them once more one by one, as the counting adds them up."""
    if not ended:
        data = data[: data.rfind(b"\n") + 1]
        glimpse.is_whole = False
    if not data.strip():
        raise PreviewError(_("%(place)s has no complete line yet") % {"place": glimpse.place})
    batch = Batch(last_hour(now))
    reader.decode(data, batch, 1, 0)
    glimpse.count(batch)
    offset = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        if len(glimpse.seen) >= RECORDS:
            break
        if raw:
            one = Batch(last_hour(now))
            reader.decode(raw + b"\n", one, number, offset)
            glimpse.seen += _seen(one)
        offset += len(raw) + 1
    del glimpse.seen[RECORDS:]


def _seen(batch: Batch) -> list[SampleRecord]:
    sums = [
        SampleRecord(hour * HOUR, HOUR, caller, called, tuple(measures))
        for (hour, caller, called), measures in batch.sums.items()
    ]
    return sums + sample_records(batch.buckets.values())


def sample_records(readings: Iterable[BucketValue]) -> list[SampleRecord]:
    """What readings say."""
    return [SampleRecord(r.start, r.seconds, r.caller, r.called, tuple(r.measures)) for r in readings]
