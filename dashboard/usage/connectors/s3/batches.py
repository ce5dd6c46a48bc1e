"""Many small objects as one file of lines, so that a million of them cost a thousand transactions.

Only formats whose every record has an id are put together: such records are recognised in any file, also when an
object is overwritten by a longer one. Objects of other formats, or without lines, are imported one by one.
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
BATCH_BYTES = 32 << 20  # decompressed


class ObjectBatch:
    """Objects of one format, written to one file, and the line and offset at which each begins."""

    def __init__(self, path: Path, format_name: str) -> None:
        self.path, self.format = path, format_name
        self.objects: list[StoredObject] = []
        self._lines: list[int] = []  # the number of each object's first line, from 1
        self._offsets: list[int] = []
        self._line, self._size = 1, 0
        self._file = path.open("wb")

    @property
    def is_full(self) -> bool:
        return self._size >= BATCH_BYTES

    def add(self, item: StoredObject, data: bytes) -> None:
        data = data if data.endswith(b"\n") else data + b"\n"
        self.objects.append(item)
        self._lines.append(self._line)
        self._offsets.append(self._size)
        self._file.write(data)
        self._line += data.count(b"\n")
        self._size += len(data)

    def close(self) -> None:
        self._file.close()

    def reassign(self, source: Source, total: Stream, prefix: str) -> None:
        """After the import, in its transaction: add the counts to `total`, name the objects of rejects and calls.

        The batch file's own row is deleted: no other file will begin with the same content.
        """
        mine = Stream.objects.filter(source=source, path=str(self.path))
        counted = ("accepted", "rejected", "duplicates", "skipped", "lines", "offset")
        for row in mine.values(*counted):
            Stream.objects.filter(pk=total.pk).update(
                **{name: F(name) + number for name, number in row.items()}, size=F("size") + row["offset"]
            )
        mine.delete()
        for reject in RejectedLine.objects.filter(source=source, path=str(self.path)):
            index = self._name_object(reject, prefix)
            reject.offset -= self._offsets[index]
            reject.save(update_fields=["path", "line", "offset"])
        calls = list(LatestCall.objects.filter(name__source=source, path=str(self.path)))
        for call in calls:
            self._name_object(call, prefix)
        LatestCall.objects.bulk_update(calls, ["path", "line"], batch_size=200)

    def _name_object(self, row: RejectedLine | LatestCall, prefix: str) -> int:
        """Set a row's path and line to those of its object; the object's index."""
        index = bisect_right(self._lines, row.line) - 1
        row.path = f"{prefix}{self.objects[index].key}"[-1000:]
        row.line -= self._lines[index] - 1
        return index


def decompressed(data: bytes, path: Path, most: int) -> bytes | None:
    """The content of a small object, or None when it has more than `most` bytes. `path` is a file to use for it.

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
    """Whether the first line is a whole JSON value, so that each line can be read without the others."""
    first = data[: data.find(b"\n")] if b"\n" in data[:HEAD_BYTES] else data
    return first.lstrip()[:1] in {b"{", b"["} and is_json(first)
