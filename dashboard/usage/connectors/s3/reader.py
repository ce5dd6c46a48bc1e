"""Reads objects of a bucket: small ones together in batches, large ones each as a file of its own.

An object's records and the fact that it was read commit together, so it counts once, whatever process is killed.
The pieces of a very large object commit one by one; its content is recognised again, as a file's is.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from shutil import disk_usage

from django.db import transaction

from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.s3.batches import FORMATS_WITH_IDS, ObjectBatch, decompressed, is_json_lines
from dashboard.usage.connectors.s3.client import THREADS, Bucket, ObjectError, StoredObject
from dashboard.usage.connectors.s3.seen_objects import ObjectAlreadyRead, SeenObjectHashes
from dashboard.usage.connectors.tempdir import rename_content
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.registry import AUTO
from dashboard.usage.ingest.chunks import HEAD_BYTES
from dashboard.usage.ingest.errors import ContentError, InputError, UnreadableContentError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import RejectedLine, Source, Stream

__all__ = ["ObjectReader"]

POLL_OBJECTS = 20_000  # per poll; an object imported as a file of its own counts as ten
POLL_BYTES = 2 << 30
POLL_SECONDS = 600
SMALL = 1 << 20  # bytes of an object that is read in memory
SMALL_DECOMPRESSED = 8 << 20
GROUP_BYTES = 16 << 20  # small objects that are downloaded at once
LARGE = 64 << 20  # from here on the pieces of an object commit one by one
LARGEST = 16 << 30
MAX_PROBLEMS = 100
READ_MEANWHILE = "Another worker read this first; the next poll continues"


class ObjectReader:
    """One poll. `counts` grows with each commit; `problem` names the first object that could not be read."""

    def __init__(self, source: Source, now: datetime, bucket: Bucket, folder: Path) -> None:
        self.source, self.now, self.bucket, self.folder = source, now, bucket, folder
        self.session = Session(source, now)
        self.seen_objects = SeenObjectHashes(source.pk)
        self.counts = Counts()
        self.failures = 0
        self._objects, self._bytes, self._until = POLL_OBJECTS, POLL_BYTES, time.monotonic() + POLL_SECONDS
        self._problems, self._first_problem = 0, ""
        self._scratch = folder / "object"
        self._prefix = f"s3://{bucket.name}/"

    @property
    def problem(self) -> str:
        others = f", and {self._problems - 1} more objects" if self._problems > 1 else ""
        return f"{self._first_problem}{others}" or self.session.dimensions.overflow

    @property
    def is_done(self) -> bool:
        """Whether this poll has read as much as one may."""
        return self._objects <= 0 or self._bytes <= 0 or time.monotonic() > self._until

    def read_objects(self, objects: list[StoredObject], prefix: str) -> bool:
        """Read those that were not read before; False when some are left to the next poll."""
        total = self._total(prefix)
        for group in _groups(self.seen_objects.unread(objects)):
            if self.is_done:
                return False
            self._read_group(group, total)
        return True

    def _total(self, prefix: str) -> Stream:
        """The row that adds up what is read in batches under a prefix. It has no content, so no `head`."""
        path = f"{self._prefix}{prefix}"[-1000:]
        known = Stream.objects.filter(source=self.source, head="", path=path).order_by("pk").first()
        return known or Stream.objects.create(source=self.source, path=path)

    def _read_group(self, group: list[StoredObject], total: Stream) -> None:
        self._objects -= len(group)
        self._bytes -= sum(item.size for item in group)
        if group[0].size > SMALL:
            for item in group:
                self._import_object(item, partial(self._download, item))
            return
        batches: dict[str, ObjectBatch] = {}
        empty: list[StoredObject] = []
        for item, data in self._downloaded(group):
            name = self._add_to_batch(item, data, batches, empty)
            if name and batches[name].is_full:
                self._import_batch(batches.pop(name), total)
        for batch in batches.values():
            self._import_batch(batch, total)
        if empty:
            with transaction.atomic():
                self._lock_source()
                self.seen_objects.add(empty)
            self.seen_objects.committed(empty)

    def _downloaded(self, group: list[StoredObject]) -> Iterator[tuple[StoredObject, bytes]]:
        with ThreadPoolExecutor(THREADS) as threads:
            futures = [threads.submit(self.bucket.read_object, item) for item in group]
            try:
                for item, future in zip(group, futures, strict=True):
                    try:
                        yield item, future.result()
                    except ObjectError as error:
                        self._note_problem(item, str(error), is_failure=not error.is_gone)
            finally:
                threads.shutdown(cancel_futures=True)

    def _add_to_batch(
        self, item: StoredObject, data: bytes, batches: dict[str, ObjectBatch], empty: list[StoredObject]
    ) -> str:
        """Add a small object to the batch of its format and return that; "" when it was read some other way."""
        try:
            content = decompressed(data, self._scratch, SMALL_DECOMPRESSED)
        except (ContentError, ValueError) as problem:
            self._reject(item, str(problem))
            return ""
        if content is not None:
            if not content.strip():
                empty.append(item)
                return ""
            name = self.source.format
            if name == AUTO:
                name = detect(content[:HEAD_BYTES]).format
            if name in FORMATS_WITH_IDS and is_json_lines(content):
                batch = batches.get(name) or ObjectBatch(self.folder / f"{name}-{len(batches)}", name)
                batches[name] = batch
                batch.add(item, content)
                return name
        self._import_object(item, partial(self._scratch.write_bytes, data))
        return ""

    def _import_batch(self, batch: ObjectBatch, total: Stream) -> None:
        batch.close()
        try:
            with transaction.atomic():
                self._lock_source()
                self.seen_objects.add(batch.objects)
                counts = self.session.import_file(batch.path, batch.format)
                batch.reassign(self.source, total, self._prefix)
                Stream.objects.filter(pk=total.pk).update(read_at=self.now, format=batch.format)
        except ObjectAlreadyRead:
            raise ConnectorError(READ_MEANWHILE) from None
        except InputError as error:
            self.session.forget()
            raise ConnectorError(error.reason) from None
        except BaseException:
            self.session.forget()
            raise
        self.seen_objects.committed(batch.objects)
        self.counts += counts

    def _import_object(self, item: StoredObject, write: Callable[[], object]) -> None:
        """Import an object as a file of its own, recognised by its content as files on disk are."""
        self._objects -= 9
        path = self._scratch
        try:
            write()
        except ObjectError as error:
            self._note_problem(item, str(error), is_failure=not error.is_gone)
            return
        try:
            if item.size > LARGE:
                counts = self.session.import_file(path, self.source.format)
                with transaction.atomic():
                    self._lock_source()
                    self._save_as_read(path, item)
            else:
                with transaction.atomic():
                    self._lock_source()
                    counts = self.session.import_file(path, self.source.format)
                    self._save_as_read(path, item)
        except ObjectAlreadyRead:
            raise ConnectorError(READ_MEANWHILE) from None
        except UnreadableContentError as error:
            self.session.forget()
            self._reject(item, error.reason)
        except InputError as error:
            self.session.forget()
            raise ConnectorError(error.reason) from None
        except BaseException:
            self.session.forget()
            raise
        else:
            self.seen_objects.committed([item])
            self.counts += counts

    def _save_as_read(self, path: Path, item: StoredObject) -> None:
        """Name the object in every row that names the temporary file, and save that it was read."""
        rename_content(self.source, path, f"{self._prefix}{item.key}"[-1000:])
        self.seen_objects.add([item])

    def _download(self, item: StoredObject) -> None:
        if item.size > LARGEST:
            raise ObjectError(f"it has more than {LARGEST >> 30} GiB")
        if disk_usage(self.folder).free < item.size + LARGE:
            raise ConnectorError("The state folder has no room for the next object")
        self.bucket.download(item, self._scratch)

    def _lock_source(self) -> None:
        if not Source.objects.select_for_update().filter(pk=self.source.pk).exists():
            raise ConnectorError("The source was deleted meanwhile")

    def _reject(self, item: StoredObject, reason: str) -> None:
        """Save that an object cannot be read; it is not tried again until it is overwritten."""
        with transaction.atomic():
            self._lock_source()
            self.seen_objects.add([item])
            RejectedLine.objects.create(
                source=self.source,
                path=f"{self._prefix}{item.key}"[-1000:],
                line=0,
                offset=0,
                reason=f"the object {reason}"[:300],
                at=self.now,
            )
        self.seen_objects.committed([item])
        self._note_problem(item, reason)

    def _note_problem(self, item: StoredObject, reason: str, *, is_failure: bool = False) -> None:
        self._problems += 1
        self.failures += is_failure
        self._first_problem = self._first_problem or f"{item.key} {reason}"[-400:]
        if self._problems >= MAX_PROBLEMS:
            raise ConnectorError(f"{self.problem}: the next poll continues")


def _groups(objects: list[StoredObject]) -> Iterator[list[StoredObject]]:
    """Small objects together, up to so many bytes; each large one alone. In order."""
    group: list[StoredObject] = []
    size = 0
    for item in objects:
        if group and (item.size > SMALL or size + item.size > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += item.size
        if item.size > SMALL:
            yield group
            group, size = [], 0
    if group:
        yield group
