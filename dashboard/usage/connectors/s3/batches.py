"""Many small objects as one file of lines, so that a million of them cost a thousand transactions.

Only formats whose every record carries an id are put together: their records are known wherever they lie, also
when an object is overwritten by one that holds more. Of others, and of what is not lines, each object is a
file of its own.
"""

from bisect import bisect_right
from pathlib import Path

from django.db.models import F

from dashboard.usage.connectors.s3.client import StoredObject
from dashboard.usage.formats.documents import is_json
from dashboard.usage.ingest.chunks import HEAD_BYTES
from dashboard.usage.ingest.decompress import DecompressedStream
from dashboard.usage.models import LatestCall, RejectedLine, Source, Stream

__all__ = ["FORMATS_WITH_IDS", "ObjectBatch", "decompressed", "is_json_lines"]

FORMATS_WITH_IDS = frozenset(
    {
        *("bedrock-invocations", "cloudtrail-bedrock", "helicone", "langfuse-blob", "langfuse-observations"),
        *("litellm-spendlogs", "litellm-standard-logging", "portkey"),
    }
)
BYTES = 32 << 20  # of one bundle, inflated


class ObjectBatch:
    """Objects of one format being written to one file, and where each begins in it."""

    def __init__(self, path: Path, format_name: str) -> None:
        self.path, self.format = path, format_name
        self.objects: list[StoredObject] = []
        self._lines: list[int] = []  # the number of each object's first line, from 1
        self._offsets: list[int] = []
        self._line, self._size = 1, 0
        self._file = path.open("wb")

    @property
    def is_full(self) -> bool:
        return self._size >= BYTES

    def add(self, listed: StoredObject, data: bytes) -> None:
        data = data if data.endswith(b"\n") else data + b"\n"
        self.objects.append(listed)
        self._lines.append(self._line)
        self._offsets.append(self._size)
        self._file.write(data)
        self._line += data.count(b"\n")
        self._size += len(data)

    def close(self) -> None:
        self._file.close()

    def settle(self, source: Source, into: Stream, prefix: str) -> None:
        """After it was read, in the same transaction: its counts go to `into`, rejects and calls to their objects.

        A bundle is made anew each time, so nothing will ever be known again by what it began with.
        """
        mine = Stream.objects.filter(source=source, path=str(self.path))
        counted = ("accepted", "rejected", "duplicates", "skipped", "lines", "offset")
        for row in mine.values(*counted):
            Stream.objects.filter(pk=into.pk).update(
                **{name: F(name) + number for name, number in row.items()}, size=F("size") + row["offset"]
            )
        mine.delete()
        for reject in RejectedLine.objects.filter(source=source, path=str(self.path)):
            at = self._place(reject, prefix)
            reject.offset -= self._offsets[at]
            reject.save(update_fields=["path", "line", "offset"])
        calls = list(LatestCall.objects.filter(name__source=source, path=str(self.path)))
        for call in calls:
            self._place(call, prefix)
        LatestCall.objects.bulk_update(calls, ["path", "line"], batch_size=200)

    def _place(self, told: RejectedLine | LatestCall, prefix: str) -> int:
        """Let it name its object and the line there; which of the objects that is."""
        at = bisect_right(self._lines, told.line) - 1
        told.path = f"{prefix}{self.objects[at].key}"[-1000:]
        told.line -= self._lines[at] - 1
        return at


def decompressed(data: bytes, path: Path, most: int) -> bytes | None:
    """What a small object holds, if that is at most `most` bytes. `path` is a file to use for it.

    Raises ContentError when it is damaged, ValueError when it is cut off.
    """
    path.write_bytes(data)
    with DecompressedStream(path) as content:
        if content.kind == "plain":
            return data
        inside = content.read(most + 1)
        if len(inside) > most:
            return None
        content.read(1)
        if not content.complete:
            raise ValueError("is cut off: the compressed data ends early")
        return inside


def is_json_lines(data: bytes) -> bool:
    """Whether each line can be read without the others: the first is a whole JSON value."""
    first = data[: data.find(b"\n")] if b"\n" in data[:HEAD_BYTES] else data
    return first.lstrip()[:1] in {b"{", b"["} and is_json(first)
