"""`auto`: which format a file is in, by its first lines. Says what it saw and why; refuses when unsure."""

import json
from typing import Any, NamedTuple

import msgspec

from dashboard.usage.formats.base import DetectionSample, Format
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat, head_records
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.records import clean

__all__ = ["Detection", "detect"]

LINES = 50
_object = msgspec.json.Decoder(dict[str, Any])


class Detection(NamedTuple):
    """`format` is "" when unsure; `why` describes the lines, without repeating values."""

    format: str
    why: str


def detect(head: bytes) -> Detection:
    """Judge the beginning of a file. A last line without its end is left out, unless it is the only one."""
    page = head_records(head)[:LINES]
    if page:
        sample = DetectionSample([json.dumps(found, separators=(",", ":")).encode() for found in page], page)
    else:
        lines = head.split(b"\n")
        if len(lines) > 1:
            lines.pop()
        lines = [line for line in lines if line.strip()][:LINES]
        if not lines:
            return Detection("", "no complete line to judge by")
        sample = DetectionSample(lines, [found for line in lines if (found := _decode(line)) is not None])
    readers = [known for known in FORMATS.values() if not page or isinstance(known, DocumentFormat)]
    matches = {known.name: why for known in readers if (why := _recognise(known, sample))}
    if len(matches) == 1:
        name, why = matches.popitem()
        return Detection(name, why)
    if matches:
        return Detection("", f"it could be {' or '.join(matches)}: say which")
    return Detection("", f"{_describe(sample)}; no known format looks like that: say which it is")


def _recognise(known: Format, sample: DetectionSample) -> str:
    try:
        return known.recognise(sample)
    except RECORD_ERRORS:
        return ""  # what a format cannot even look at is not its own


def _decode(line: bytes) -> dict[str, Any] | None:
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return _object.decode(line)
    except RECORD_ERRORS:
        return None


def _describe(sample: DetectionSample) -> str:
    if len(sample.objects) >= sample.needed:
        fields = ", ".join(clean(name, 30) for name in list(sample.objects[0])[:8])
        return f"JSON objects with the fields {fields}" if fields else "empty JSON objects"
    if sample.lines[0].lstrip()[:1] in b"[{":
        return "JSON that is not one object per line"
    if any(byte < 9 for byte in sample.lines[0][:200]):
        return "binary data"
    return f"{len(sample.lines)} lines of text, {len(sample.objects)} of them JSON objects"
