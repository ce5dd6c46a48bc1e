"""Objects of a bucket into counts: small ones together, large ones each as a file of its own.

What an object holds and the memory that it was read commit together, so it is read once, whatever is killed.
Of a very large one the pieces commit one by one; its content is known again, as a file's is.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from shutil import disk_usage

from django.db import transaction

from dashboard.usage.connectors.s3.batches import FORMATS_WITH_IDS, ObjectBatch, decompressed, is_json_lines
from dashboard.usage.connectors.s3.client import THREADS, Bucket, ObjectError, StoredObject
from dashboard.usage.connectors.s3.seen_objects import ObjectAlreadyRead, SeenObjectHashes
from dashboard.usage.connectors.sync_window import ConnectorError
from dashboard.usage.connectors.tempdir import rename_content
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.registry import AUTO
from dashboard.usage.ingest.chunks import HEAD_BYTES
from dashboard.usage.ingest.errors import ContentError, InputError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import RejectedLine, Source, SourceKind, Stream

__all__ = ["ObjectReader"]

OBJECTS = 20_000  # per poll; an object that is a file of its own counts as ten
BYTES = 2 << 30
SECONDS = 600
SMALL = 1 << 20  # bytes of an object that is read in memory
INSIDE = 8 << 20  # the same, inflated
GROUP = 16 << 20  # bytes of small objects that are fetched at once
LARGE = 64 << 20  # from here on an object is read in pieces that commit one by one
LARGEST = 16 << 30
MOST_TROUBLES = 100


class ObjectReader:
    """One poll. `counts` grow with what has committed; `problem` tells of the objects that were not to be had."""

    def __init__(self, source: Source, now: datetime, bucket: Bucket, room: Path) -> None:
        self.source, self.now, self.bucket, self.room = source, now, bucket, room
        self.session = Session(source, now)
        self.seen_objects = SeenObjectHashes(source.pk)
        self.counts = Counts()
        self.failures = 0
        self._objects, self._bytes, self._until = OBJECTS, BYTES, time.monotonic() + SECONDS
        self._troubles, self._first_trouble = 0, ""
        self._scratch = room / "object"
        self._where = f"s3://{bucket.name}/"

    @property
    def problem(self) -> str:
        others = f", and {self._troubles - 1} more objects" if self._troubles > 1 else ""
        return f"{self._first_trouble}{others}" or self.session.dimensions.overflow

    @property
    def is_done(self) -> bool:
        """Whether this poll has read as much as one may."""
        return self._objects <= 0 or self._bytes <= 0 or time.monotonic() > self._until

    def read(self, objects: list[StoredObject], prefix: str) -> bool:
        """Read those of a page that were not read before; False when the rest is left to the next poll."""
        stream = self._stream(prefix)
        for group in _groups(self.seen_objects.unread(objects)):
            if self.is_done:
                return False
            self._take(group, stream)
        return True

    def _stream(self, prefix: str) -> Stream:
        """Stands for all that is read in bundles."""
        path = f"{self._where}{prefix}"[-1000:]
        known = Stream.objects.filter(source=self.source, head=SourceKind.S3, path=path).order_by("pk").first()
        return known or Stream.objects.create(source=self.source, head=SourceKind.S3, path=path)

    def _take(self, group: list[StoredObject], stream: Stream) -> None:
        self._objects -= len(group)
        self._bytes -= sum(listed.size for listed in group)
        if group[0].size > SMALL:
            for listed in group:
                self._file(listed, partial(self._save, listed))
            return
        bundles: dict[str, ObjectBatch] = {}
        done: list[StoredObject] = []
        for listed, data in self._fetched(group):
            name = self._sort(listed, data, bundles, done)
            if name and bundles[name].is_full:
                self._settle(bundles.pop(name), stream)
        for bundle in bundles.values():
            self._settle(bundle, stream)
        if done:
            with transaction.atomic():
                self._lock()
                self.seen_objects.add(done)
            self.seen_objects.committed(done)

    def _fetched(self, group: list[StoredObject]) -> Iterator[tuple[StoredObject, bytes]]:
        with ThreadPoolExecutor(THREADS) as threads:
            futures = [threads.submit(self.bucket.bytes_of, listed) for listed in group]
            try:
                for listed, future in zip(group, futures, strict=True):
                    try:
                        yield listed, future.result()
                    except ObjectError as trouble:
                        self._trouble(listed, str(trouble), is_failure=not trouble.gone)
            finally:
                threads.shutdown(cancel_futures=True)

    def _sort(
        self, listed: StoredObject, data: bytes, bundles: dict[str, ObjectBatch], done: list[StoredObject]
    ) -> str:
        """Put a small object into the bundle of its format and name that; "" when it is dealt with otherwise."""
        try:
            inside = decompressed(data, self._scratch, INSIDE)
        except (ContentError, ValueError) as problem:
            self._refuse(listed, str(problem))
            return ""
        if inside is not None:
            if not inside.strip():
                done.append(listed)
                return ""
            name = self.source.format
            if name == AUTO:
                name = detect(inside[:HEAD_BYTES]).format
            if name in FORMATS_WITH_IDS and is_json_lines(inside):
                bundle = bundles.get(name) or ObjectBatch(self.room / f"{name}-{len(bundles)}", name)
                bundles[name] = bundle
                bundle.add(listed, inside)
                return name
        self._file(listed, partial(self._scratch.write_bytes, data))
        return ""

    def _settle(self, bundle: ObjectBatch, stream: Stream) -> None:
        bundle.close()
        try:
            with transaction.atomic():
                self._lock()
                self.seen_objects.add(bundle.objects)
                counts = self.session.import_file(bundle.path, bundle.format)
                bundle.settle(self.source, stream, self._where)
                Stream.objects.filter(pk=stream.pk).update(read_at=self.now, format=bundle.format)
        except ObjectAlreadyRead:
            raise ConnectorError("Another reader was faster; the next poll goes on") from None
        except InputError as problem:
            self.session.forget()
            raise ConnectorError(_without(bundle.path, problem)) from None
        except BaseException:
            self.session.forget()
            raise
        self.seen_objects.committed(bundle.objects)
        self.counts += counts

    def _file(self, listed: StoredObject, write: Callable[[], object]) -> None:
        """An object that is a file of its own, known by its content as files on disk are."""
        self._objects -= 9
        path = self._scratch
        try:
            write()
        except ObjectError as trouble:
            self._trouble(listed, str(trouble), is_failure=not trouble.gone)
            return
        try:
            if listed.size > LARGE:
                counts = self.session.import_file(path, self.source.format)
                with transaction.atomic():
                    self._lock()
                    self._name(path, listed)
            else:
                with transaction.atomic():
                    self._lock()
                    counts = self.session.import_file(path, self.source.format)
                    self._name(path, listed)
        except ObjectAlreadyRead:
            raise ConnectorError("Another reader was faster; the next poll goes on") from None
        except InputError as problem:
            self.session.forget()
            words = _without(path, problem)
            if words.startswith(":"):
                raise ConnectorError(words[1:].strip()) from None
            self._refuse(listed, words)
        except BaseException:
            self.session.forget()
            raise
        else:
            self.seen_objects.committed([listed])
            self.counts += counts

    def _name(self, path: Path, listed: StoredObject) -> None:
        """What was read from a file of ours was an object; nothing of it lies on this machine any more."""
        name = f"{self._where}{listed.key}"[-1000:]
        rename_content(self.source, path, name)
        self.seen_objects.add([listed])

    def _save(self, listed: StoredObject) -> None:
        if listed.size > LARGEST:
            raise ObjectError(f"it has more than {LARGEST >> 30} GiB")
        if disk_usage(self.room).free < listed.size + LARGE:
            raise ConnectorError("The state folder has no room for the next object")
        self.bucket.save(listed, self._scratch)

    def _lock(self) -> None:
        if not Source.objects.select_for_update().filter(pk=self.source.pk).exists():
            raise ConnectorError("The source was deleted meanwhile")

    def _refuse(self, listed: StoredObject, words: str) -> None:
        """What an object holds cannot be read, now or later: told, and not read again until it is overwritten."""
        with transaction.atomic():
            self._lock()
            self.seen_objects.add([listed])
            RejectedLine.objects.create(
                source=self.source,
                path=f"{self._where}{listed.key}"[-1000:],
                line=0,
                offset=0,
                reason=f"the object {words}"[:300],
                at=self.now,
            )
        self.seen_objects.committed([listed])
        self._trouble(listed, words)

    def _trouble(self, listed: StoredObject, words: str, *, is_failure: bool = False) -> None:
        self._troubles += 1
        self.failures += is_failure
        self._first_trouble = self._first_trouble or f"{listed.key} {words}"[-400:]
        if self._troubles >= MOST_TROUBLES:
            raise ConnectorError(f"{self.problem}: the next poll goes on")


def _groups(objects: list[StoredObject]) -> Iterator[list[StoredObject]]:
    """Small objects together, up to so many bytes; each large one alone. In order."""
    group: list[StoredObject] = []
    size = 0
    for listed in objects:
        if group and (listed.size > SMALL or size + listed.size > GROUP):
            yield group
            group, size = [], 0
        group.append(listed)
        size += listed.size
        if listed.size > SMALL:
            yield group
            group, size = [], 0
    if group:
        yield group


def _without(path: Path, problem: InputError) -> str:
    """The words about a file of ours, whose name says nothing to anybody."""
    return str(problem).removeprefix(str(path)).strip()
