"""JSON that does not come one record per line: pages of an API, arrays, and lines that hold many records.

A page is an array, or an object that holds one under a usual key. Such content may be one document over
many lines (then it is read whole, at most `LARGEST` bytes), or one document on each line.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import LineFormat, reject_reason
from dashboard.usage.records import FIRST_HOUR, Batch, CallRow, Group, add_measures, id_hash

__all__ = [
    "MAX_DOCUMENT",
    "RECORD_ERRORS",
    "DocumentFormat",
    "PlacedValue",
    "head_records",
    "is_document",
    "is_json",
    "is_json_object",
]

MAX_DOCUMENT = 64 << 20
UNDER = ("Records", "records", "Events", "events", "data", "result", "results", "rows")
# Whatever a decoder raises rejects one record; `reject_reason` has the words for it.
RECORD_ERRORS = (Exception,)

# A JSON value that should hold records: its number (line, or index in the document from 1), offset, bytes.
PlacedValue = tuple[int, int, bytes]

_list = msgspec.json.Decoder(list[Raw])
_page = msgspec.json.Decoder(dict[str, Raw])
_scan = json.JSONDecoder().raw_decode
_blank = " \t\r\n"


class DocumentFormat(LineFormat):
    """A format whose records come one per line, or in pages.

    Where one line holds `many` records, `records` finds them; each counts as a record of its own.
    """

    many = False

    def is_document(self, head: bytes) -> bool:  # noqa: ARG002  for formats whose pages begin otherwise
        """Whether content that begins so is a page over many lines that `opening` does not know for one."""
        return False

    def records(self, raw: bytes) -> Sequence[Any]:
        """What one JSON value holds. A record that is at fault is its exception."""
        return [self.parse(raw)]

    def order(self, values: list[PlacedValue]) -> Iterable[PlacedValue]:
        """The order in which values count: of two with one id the earlier does."""
        return values

    def decode(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        first = next((part for part in data.split(b"\n", 64) if part.strip()), b"")
        if not self.many and _elements(first) is None:
            super().decode(data, batch, line, offset)
            return
        values: list[PlacedValue] = []
        number = line
        for raw in data.removesuffix(b"\n").split(b"\n") if data else ():
            values.extend((number, offset + at, element) for at, element in _parts(raw))
            number += 1
            offset += len(raw) + 1
        batch.lines += number - line
        self._count(values, batch)

    def decode_document(self, data: bytes, batch: Batch, line: int, offset: int) -> None:
        """Add one document that goes over many lines; its first record is number `line`."""
        values = [(line + index, offset + at, raw) for index, (at, raw) in enumerate(_parts(data))]
        batch.lines += len(values)
        self._count(values, batch)

    def add(self, records: Iterable[Any], batch: Batch) -> None:
        """Add records that came some other way than as JSON; those at fault are rejected without a place."""
        groups: dict[tuple[int, tuple], Group] = {}
        for record in records:
            self._add(record, groups, batch, (0, 0, b""))
        self._fold(groups, batch)

    def _count(self, values: list[PlacedValue], batch: Batch) -> None:
        groups: dict[tuple[int, tuple], Group] = {}
        for value in self.order(values):
            number, at, raw = value
            try:
                found = self.records(raw)
            except RECORD_ERRORS as problem:
                if raw.strip():
                    batch.reject(number, at, reject_reason(problem), raw)
                else:
                    batch.skipped += 1
                continue
            if not found:
                batch.skipped += 1
            for record in found:
                self._add(record, groups, batch, value)
        self._fold(groups, batch)

    def _add(self, record: Any, groups: dict[tuple[int, tuple], Group], batch: Batch, value: PlacedValue) -> None:
        try:
            if isinstance(record, Exception):
                raise record
            self._add_row(self.extract(record), groups, batch, value[0])
        except RECORD_ERRORS as problem:
            number, at, raw = value
            batch.reject(number, at, reject_reason(problem), raw)

    def _add_row(
        self, row: CallRow | None, groups: dict[tuple[int, tuple], Group], batch: Batch, number: int = 0
    ) -> None:
        if row is None:
            batch.skipped += 1
            return
        at, key, identifier, *measures = row
        self.caller_and_name(key)  # what has no name is rejected before it counts
        hour = at // 3600
        if not FIRST_HOUR <= hour <= batch.last_hour:
            raise ValueError("the time is before 2015 or more than two days ahead")
        if identifier:
            hashed, new_hashes = id_hash(identifier), batch.new_hashes.setdefault(hour, set())
            if hashed in new_hashes or hashed in batch.known_hashes(hour):
                batch.duplicates += 1
                return
            new_hashes.add(hashed)
        batch.accepted += 1
        group = groups.get((hour, key))
        if group is None:
            groups[hour, key] = [*measures, at, number, identifier]
            return
        add_measures(group, measures)
        if at >= group[6]:
            group[6:] = at, number, identifier


def is_document(head: bytes) -> bool:
    """Whether content that begins so is one JSON document that its lines cannot be read without."""
    lines = head.lstrip().split(b"\n", 1)
    return not (len(lines) == 2 and is_json(lines[0])) and bool(head_records(head))


def is_json(data: bytes) -> bool:
    """Whether these bytes are one whole JSON value."""
    try:
        msgspec.json.decode(data, type=Raw)
    except RECORD_ERRORS:
        return False
    return True


def is_json_object(data: bytes) -> bool:
    """Whether these bytes are one whole JSON object."""
    try:
        return data.lstrip()[:1] == b"{" and _page.decode(data) is not None
    except RECORD_ERRORS:
        return False


def head_records(head: bytes) -> list[dict[str, Any]]:
    """The first records of a page, as far as `head` goes; none when it does not begin as a page."""
    text = head.decode("utf-8", "replace")
    try:
        start = _array(text, _skip(text, 0))
    except RECORD_ERRORS:
        return []
    return list(_objects(text, start)) if start >= 0 else []


def _array(text: str, at: int) -> int:
    """Where the records' array goes on behind its bracket; -1 when there is none. Raises at the text's end."""
    if text[at] == "[":
        return at + 1
    if text[at] != "{":
        return -1
    at = _skip(text, at + 1)
    while text[at] == '"':
        key, at = _scan(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key in UNDER and text[at] == "[":
            return at + 1
        _, at = _scan(text, at)
        at = _skip(text, at)
        if text[at] != ",":
            return -1
        at = _skip(text, at + 1)
    return -1


def _objects(text: str, at: int) -> Iterator[dict[str, Any]]:
    try:
        while text[at := _skip(text, at)] == "{":
            found, at = _scan(text, at)
            yield found
            at = _skip(text, at)
            if text[at] != ",":
                return
            at += 1
    except RECORD_ERRORS:
        return


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _blank:
        at += 1
    return at


def _parts(raw: bytes) -> list[tuple[int, bytes]]:
    """The records of a page with their offsets in it; what is no page is one."""
    elements = _elements(raw)
    if elements is None:
        return [(0, raw)]
    found: list[tuple[int, bytes]] = []
    at = 0
    for element in elements:
        part = bytes(element)
        at = raw.find(part, at)
        found.append((at, part))
        at += len(part)
    return found or [(0, b"")]


def _elements(raw: bytes) -> list[Raw] | None:
    """What the array of a page holds; None when this is no page."""
    start = raw.lstrip()[:1]
    try:
        if start == b"[":
            return _list.decode(raw)
        if start == b"{" and any(b'"%b"' % key.encode() in raw for key in UNDER):
            page = _page.decode(raw)
            return next((_list.decode(page[key]) for key in UNDER if bytes(page.get(key, b""))[:1] == b"["), None)
    except RECORD_ERRORS:
        return None
    return None
