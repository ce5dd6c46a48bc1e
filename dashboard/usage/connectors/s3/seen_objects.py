"""Which objects were read: eight bytes for each, per folder, in segments that grow with what is counted.

An object is its key and its ETag, so one that is overwritten is another. A folder's hashes are loaded when a
listing comes to it. They are kept for as long as the source: a million objects are eight megabytes.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable
from hashlib import blake2b

from xxhash import xxh3_64_intdigest

from dashboard.usage.connectors.s3.client import StoredObject
from dashboard.usage.models import SeenObjects

__all__ = ["ObjectAlreadyRead", "SeenObjectHashes"]

KEPT = 2_000_000  # hashes in memory, about 70 bytes each at most; then the folders are loaded anew
MANY = 32  # small segments of one folder that are worth merging
SMALL = 8192  # bytes
PAGE = 400


class ObjectAlreadyRead(Exception):  # noqa: N818  an event, not an error
    """Another reader read one of these objects meanwhile."""


class SeenObjectHashes:
    """What a source has read; `add` runs in the transaction that counts what the objects hold."""

    def __init__(self, source_id: int) -> None:
        self._source = source_id
        self._folders: dict[str, set[int]] = {}
        self._kept = 0

    def unread(self, objects: Collection[StoredObject]) -> list[StoredObject]:
        """Those that were not read before."""
        folders = {_folder(listed.key) for listed in objects}
        if self._kept > KEPT:
            self.forget()
        missing = folders - self._folders.keys()
        for folder, known in self._load(missing).items():
            self._folders[folder] = known
            self._kept += len(known)
        return [listed for listed in objects if _mark(listed) not in self._folders[_folder(listed.key)]]

    def add(self, objects: Collection[StoredObject]) -> None:
        """Remember these. Raises WasRead, when one is remembered already, under the lock of the source's row."""
        fresh: dict[str, set[int]] = defaultdict(set)
        for listed in objects:
            fresh[_folder(listed.key)].add(_mark(listed))
        stored = self._load(fresh)
        if any(not marks.isdisjoint(stored[folder]) for folder, marks in fresh.items()):
            self.forget()
            raise ObjectAlreadyRead
        SeenObjects.objects.bulk_create(
            SeenObjects(source_id=self._source, folder=folder, hashes=self._merged(folder, marks))
            for folder, marks in fresh.items()
        )

    def committed(self, objects: Iterable[StoredObject]) -> None:
        """The transaction held."""
        for listed in objects:
            folder = self._folders.get(_folder(listed.key))
            if folder is not None:
                folder.add(_mark(listed))
                self._kept += 1

    def forget(self) -> None:
        self._folders.clear()
        self._kept = 0

    def _load(self, folders: Iterable[str]) -> dict[str, set[int]]:
        known: dict[str, set[int]] = {folder: set() for folder in folders}
        names = list(known)
        for at in range(0, len(names), PAGE):
            rows = self._mine().filter(folder__in=names[at : at + PAGE]).values_list("folder", "hashes")
            for folder, hashes in rows:
                known[folder].update(array("Q", bytes(hashes)))
        return known

    def _merged(self, folder: str, marks: set[int]) -> bytes:
        """These hashes, with those of the folder's small segments when they are many."""
        packed = array("Q", marks).tobytes()
        if len(packed) > SMALL:
            return packed
        rows = self._mine().filter(folder=folder).values_list("pk", "hashes").order_by("pk")
        small = [(pk, bytes(hashes)) for pk, hashes in rows if len(hashes) <= SMALL]
        if len(small) < MANY:
            return packed
        self._mine().filter(pk__in=[pk for pk, _ in small]).delete()
        return packed + b"".join(hashes for _, hashes in small)

    def _mine(self):
        return SeenObjects.objects.filter(source_id=self._source)


def _folder(key: str) -> str:
    return blake2b(key.rpartition("/")[0].encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _mark(listed: StoredObject) -> int:
    return xxh3_64_intdigest(f"{listed.key}\0{listed.etag}\0{listed.size}".encode("utf-8", "surrogatepass"))
