"""Samples of files, and what the previews of several connectors share. Bounded in time and memory, read-only.

Whatever keeps a source from being sampled is raised as a `PreviewError`, which says what to do about it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from dashboard.usage.buckets import HOUR
from dashboard.usage.connectors.base import PreviewError, Sample, SampleRecord
from dashboard.usage.formats import row_columns as tables
from dashboard.usage.formats.aggregated import AggregatedFormat
from dashboard.usage.formats.base import Format
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_document, is_json
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.ingest.chunks import HEAD_BYTES, MAX_LINE
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.ingest.errors import ContentError
from dashboard.usage.records import Batch, BucketValue, last_hour

__all__ = ["SAMPLE_RECORDS", "sample_file", "sample_records", "secret_advice"]

SAMPLE_RECORDS = 20
SAMPLE_BYTES = 256 << 10  # of a file of lines, decompressed


def sample_file(
    path: Path,
    format_name: str,
    config: Mapping[str, Any],
    now: datetime,
    *,
    place: str = "",
    is_cut: bool = False,
) -> Sample:
    """Sample the beginning of one file, plain or compressed. Raises PreviewError.

    `place` names where a copy comes from; `is_cut` when the copy is not all of it.
    """
    try:
        with DecompressedStream(path) as content:
            head = content.read(SAMPLE_BYTES)
            if len(head) == SAMPLE_BYTES and b"\n" not in head:
                head += content.read(MAX_LINE)
            name, why = _format_of(format_name, head)
            if problem := tables.column_problem(content.kind, name):
                raise PreviewError(f"{place or path} {problem}")
            reader = FORMATS[name]
            if isinstance(reader, AggregatedFormat):
                reader = reader.for_file(head[:HEAD_BYTES], config)
            sample = Sample(place or str(path), name, why)
            if isinstance(reader, DocumentFormat) and _is_document(reader, head):
                head += content.read(MAX_LINE)
                _document(reader, head, sample, now, ended=not (is_cut or content.read(1)))
            else:
                _lines(reader, head, sample, now, ended=not (is_cut or content.read(1)))
    except ContentError as problem:
        raise PreviewError(f"{place or path} {problem}") from None
    return sample


def _format_of(format_name: str, head: bytes) -> tuple[str, str]:
    """The format, and how it was recognised ("" when it was chosen)."""
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


def _document(reader: DocumentFormat, data: bytes, sample: Sample, now: datetime, *, ended: bool) -> None:
    if not ended:
        raise PreviewError(
            _("The file is one JSON document of more than %(n)s MiB, too long for a test") % {"n": MAX_LINE >> 20},
            _("Try a shorter one; files of one record per line may be of any length."),
        )
    batch = Batch(last_hour(now))
    reader.decode_document(data, batch, 1, 0)
    sample.count(batch)
    sample.records = _batch_records(batch)[:SAMPLE_RECORDS]


def _lines(reader: Format, data: bytes, sample: Sample, now: datetime, *, ended: bool) -> None:
    """Count all complete lines, then decode the first ones again one by one, because a batch holds only sums."""
    if not ended:
        data = data[: data.rfind(b"\n") + 1]
        sample.is_whole = False
    if not data.strip():
        raise PreviewError(_("%(place)s has no complete line yet") % {"place": sample.place})
    batch = Batch(last_hour(now))
    reader.decode(data, batch, 1, 0)
    sample.count(batch)
    offset = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        if len(sample.records) >= SAMPLE_RECORDS:
            break
        if raw:
            one = Batch(last_hour(now))
            reader.decode(raw + b"\n", one, number, offset)
            sample.records += _batch_records(one)
        offset += len(raw) + 1
    del sample.records[SAMPLE_RECORDS:]


def _batch_records(batch: Batch) -> list[SampleRecord]:
    sums = [
        SampleRecord(hour * HOUR, HOUR, caller, called, tuple(measures))
        for (hour, caller, called), measures in batch.totals.items()
    ]
    return sums + sample_records(batch.buckets.values())


def sample_records(values: Iterable[BucketValue]) -> list[SampleRecord]:
    """Bucket values as sample records."""
    return [SampleRecord(v.start, v.seconds, v.caller, v.called, tuple(v.measures)) for v in values]


def secret_advice() -> str:
    """What to do when an environment variable with a secret is missing."""
    return _("Set it where Sundial runs, such as in .env, and start Sundial again.")
