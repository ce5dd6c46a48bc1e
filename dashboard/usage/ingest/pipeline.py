"""Read files into the rollups, each call exactly once: the entry point of commands, polls and tests."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from dashboard.usage.accumulator import Accumulator
from dashboard.usage.ingest.decode import idle_workers
from dashboard.usage.ingest.dedup import KnownHashes
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.file_reader import FileReader, Progress
from dashboard.usage.models import Source, Stream
from dashboard.usage.records import last_hour

__all__ = ["Counts", "Session", "import_file"]

COMMIT_BYTES = 256 << 20  # inflated bytes between checkpoints
WORKER_THRESHOLD = 48 << 20  # bytes left to read that are worth worker processes


@dataclass(frozen=True)
class Counts:
    """How many records were read. `records == accepted + rejected + duplicates`; other lines are not counted.

    After an import `bytes` is the file's size on disk; after a poll, the inflated bytes read.
    """

    records: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    bytes: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))


def import_file(
    source: Source,
    path: Path | str,
    *,
    format: str,  # noqa: A002  what everybody calls it
    now: datetime,
    progress: Progress | None = None,
) -> Counts:
    """Ingest a whole file, once: content that the source has read before counts as duplicates.

    `progress` is called with the bytes read from disk since its last call. Raises InputError.
    """
    return Session(source, now).import_file(Path(path), format, progress)


class Session:
    """Reads files of one source; caches keys and id hashes between files.

    `piece_bytes` and `commit_bytes` bound memory; with 0 the size of a piece suits the format.

    Files with more than `worker_threshold` bytes left are decoded by `workers` processes (0: by this process
    alone; None: as many as the machine has room for, or none with SUNDIAL_WORKER_PROCESSES=0). Without
    `fast_paths` every line goes through `LineFormat.decode`; None stands for the setting SUNDIAL_FAST_PATHS.
    """

    def __init__(
        self,
        source: Source,
        now: datetime,
        *,
        piece_bytes: int = 0,
        commit_bytes: int = COMMIT_BYTES,
        workers: int | None = None,
        worker_threshold: int = WORKER_THRESHOLD,
        fast_paths: bool | None = None,
    ) -> None:
        self.source = source
        self.now = now
        self.piece_bytes = piece_bytes
        self.commit_bytes = commit_bytes
        self.workers = _default_workers() if workers is None else workers
        self.fast_paths = settings.SUNDIAL_FAST_PATHS if fast_paths is None else fast_paths
        self.worker_threshold = worker_threshold
        self.dimensions = Dimensions(source)
        self.known_hashes = KnownHashes(source.pk, now.date())

    def import_file(self, path: Path, format_name: str, progress: Progress | None = None) -> Counts:
        path = path.resolve()
        reading = FileReader(self, path, format_name, is_import=True, progress=progress)
        reading.run(None)
        end = reading.end
        return Counts(
            records=end.records + end.rejected,
            accepted=reading.accepted,
            rejected=end.rejected,
            duplicates=end.records - reading.accepted,
            bytes=reading.size,
        )

    def follow(self, path: Path, format_name: str, stream: Stream | None) -> Counts:
        """Read on in a file that may still grow; `stream` is what was known to be in it, if anything."""
        reading = FileReader(self, path, format_name, is_import=False, progress=None)
        reading.run(stream)
        counted = reading.accepted, reading.rejected, reading.duplicates
        return Counts(sum(counted), *counted, bytes=reading.read)

    def accumulator(self) -> Accumulator:
        """An empty accumulator that knows the ids counted before."""
        return Accumulator(last_hour(self.now), self.known_hashes.for_hour)

    def forget(self) -> None:
        self.dimensions.forget()
        self.known_hashes.forget()


def _default_workers() -> int:
    return idle_workers() if settings.SUNDIAL_WORKER_PROCESSES else 0
