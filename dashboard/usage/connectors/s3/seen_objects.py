"""Which objects were read: a persisted set of hashes per folder.

An object is its key, ETag and size, so one that is overwritten counts as new. The hashes of a folder are loaded
when a listing comes to it. Rows are kept as long as the source: a million objects are eight megabytes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from hashlib import blake2b

from django.db.models import QuerySet
from xxhash import xxh3_64_intdigest

from dashboard.usage.connectors.s3.client import StoredObject
from dashboard.usage.hash_set import HashSet, sort_hashes
from dashboard.usage.models import SeenObjects

__all__ = ["ObjectAlreadyRead", "SeenObjectHashes"]

MAX_LOADED = 2_000_000  # hashes in memory; then the folders are loaded anew
MANY_SEGMENTS = 32  # small segments of one folder that are worth merging
SMALL_SEGMENT = 8192  # bytes
FOLDERS_PER_QUERY = 400


class ObjectAlreadyRead(Exception):  # noqa: N818  an event, not an error
    """Another worker read one of these objects meanwhile."""


class SeenObjectHashes:
    """The objects that a source has read; `add` runs in the transaction that counts what they hold."""

    def __init__(self, source_id: int) -> None:
        self._source = source_id
        self._folders: dict[str, HashSet] = {}
        self._loaded = 0

    def unread(self, objects: Collection[StoredObject]) -> list[StoredObject]:
        """Those that were not read before."""
        if self._loaded > MAX_LOADED:
            self.forget()
        missing = {_folder_hash(item.key) for item in objects} - self._folders.keys()
        for folder, hashes in self._load(missing).items():
            self._folders[folder] = hashes
            self._loaded += len(hashes)
        return [
            item for item in objects if _object_hash(item) not in self._folders[_folder_hash(item.key)].as_set()
        ]

    def add(self, objects: Collection[StoredObject]) -> None:
        """Save that these were read. Raises ObjectAlreadyRead when one was; the source's row must be locked."""
        new = _hashes_by_folder(objects)
        stored = self._load(new)
        if any(stored[folder].overlaps(sort_hashes(hashes)) for folder, hashes in new.items()):
            self.forget()
            raise ObjectAlreadyRead
        SeenObjects.objects.bulk_create(
            SeenObjects(source_id=self._source, folder=folder, hashes=self._segment(folder, hashes))
            for folder, hashes in new.items()
        )

    def committed(self, objects: Iterable[StoredObject]) -> None:
        """After commit: count these as read in the folders that are loaded."""
        for folder, hashes in _hashes_by_folder(objects).items():
            if folder in self._folders:
                self._folders[folder].add(sort_hashes(hashes))
                self._loaded += len(hashes)

    def forget(self) -> None:
        self._folders.clear()
        self._loaded = 0

    def _load(self, folders: Iterable[str]) -> dict[str, HashSet]:
        segments: dict[str, list[bytes]] = {folder: [] for folder in folders}
        names = list(segments)
        for start in range(0, len(names), FOLDERS_PER_QUERY):
            rows = self._rows().filter(folder__in=names[start : start + FOLDERS_PER_QUERY])
            for folder, packed in rows.values_list("folder", "hashes"):
                segments[folder].append(bytes(packed))
        return {folder: HashSet.from_bytes(*packed) for folder, packed in segments.items()}

    def _segment(self, folder: str, hashes: set[int]) -> bytes:
        """These hashes packed, together with the folder's small segments when they are many."""
        packed = HashSet(sort_hashes(hashes)).to_bytes()
        if len(packed) > SMALL_SEGMENT:
            return packed
        rows = self._rows().filter(folder=folder).values_list("pk", "hashes").order_by("pk")
        small = [(pk, bytes(stored)) for pk, stored in rows if len(stored) <= SMALL_SEGMENT]
        if len(small) < MANY_SEGMENTS:
            return packed
        self._rows().filter(pk__in=[pk for pk, _ in small]).delete()
        return HashSet.from_bytes(packed, *(stored for _, stored in small)).to_bytes()

    def _rows(self) -> QuerySet[SeenObjects]:
        return SeenObjects.objects.filter(source_id=self._source)


def _hashes_by_folder(objects: Iterable[StoredObject]) -> dict[str, set[int]]:
    hashes: dict[str, set[int]] = defaultdict(set)
    for item in objects:
        hashes[_folder_hash(item.key)].add(_object_hash(item))
    return hashes


def _folder_hash(key: str) -> str:
    return blake2b(key.rpartition("/")[0].encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _object_hash(item: StoredObject) -> int:
    return xxh3_64_intdigest(f"{item.key}\0{item.etag}\0{item.size}".encode("utf-8", "surrogatepass"))
