"""Records that come in a request rather than a file: one transaction per request, each record once by its id.

They are decoded and compared with stored ids before the transaction starts. The transaction only checks that no
other worker stored one of the ids meanwhile, and writes, so that many senders wait for each other only briefly.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from dashboard.usage.accumulator import Accumulator
from dashboard.usage.connectors.push.upload import SourcePausedError, TryAgainError, UnknownSourceError
from dashboard.usage.ingest.dedup import NewHashes
from dashboard.usage.ingest.persist import persist_batch
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import Source, Stream
from dashboard.usage.records import Batch

__all__ = ["import_batch"]

ATTEMPTS = 20


class _IdsStored(Exception):  # noqa: N818  an event, not an error
    """Another worker stored one of the ids meanwhile."""


def import_batch(
    source: Source, path: str, format_name: str, add: Callable[[Batch], None], size: int, now: datetime
) -> tuple[Counts, list[str]]:
    """Count what `add` puts into a batch; the counts, and why records were rejected. Raises PushError.

    `path` names such records in all rows, `size` is their number of bytes.
    """
    batch = PushedBatch(Session(source, now, workers=0), path, format_name, size)
    for _ in range(ATTEMPTS):
        accumulator = batch.accumulator(add)
        if not (accumulator.accepted or accumulator.rejected or accumulator.duplicates or accumulator.skipped):
            return Counts(bytes=size), []
        if batch.commit(accumulator):
            counts = accumulator.accepted + accumulator.rejected + accumulator.duplicates
            reasons = list(dict.fromkeys(reject.reason for reject in accumulator.rejects))
            return Counts(
                counts, accumulator.accepted, accumulator.rejected, accumulator.duplicates, size
            ), reasons
    raise TryAgainError("Others keep counting the same records: send them again")


class PushedBatch:
    """One request. It has no content to recognise again, so one row per path adds up what came."""

    def __init__(self, session: Session, path: str, format_name: str, size: int) -> None:
        self.session = session
        self.path = path
        self.format_name = format_name
        self.size = size

    def accumulator(self, add: Callable[[Batch], None]) -> Accumulator:
        accumulator = self.session.accumulator()
        add(accumulator)
        return accumulator

    def commit(self, accumulator: Accumulator) -> bool:
        """False, with nothing counted, when another worker stored one of the ids meanwhile."""
        hashes = accumulator.hashes_by_hour()
        try:
            with transaction.atomic():
                self._write(accumulator, hashes)
        except _IdsStored:
            self.session.forget()
            return False
        except BaseException:
            self.session.forget()
            raise
        return True

    def _write(self, accumulator: Accumulator, hashes: NewHashes) -> None:
        session, source = self.session, self.session.source
        # The source's row is the lock, as for every reader of it.
        own = Source.objects.filter(pk=source.pk)
        if not own.filter(paused=False).update(polled_at=session.now, problem=""):
            if own.exists():
                raise SourcePausedError(f"The source {source.slug} is paused")
            raise UnknownSourceError(f"The source {source.slug} was deleted meanwhile")
        if hashes and session.known_hashes.collides(hashes):
            raise _IdsStored
        read = accumulator.accepted + accumulator.rejected + accumulator.duplicates + accumulator.skipped
        Stream.objects.filter(pk=self._total().pk).update(
            offset=F("offset") + self.size,
            lines=F("lines") + read,
            accepted=F("accepted") + accumulator.accepted,
            rejected=F("rejected") + accumulator.rejected,
            duplicates=F("duplicates") + accumulator.duplicates,
            skipped=F("skipped") + accumulator.skipped,
            format=self.format_name,
            read_at=session.now,
        )
        persist_batch(session, self.path, accumulator, hashes)
        if session.dimensions.overflow:
            own.update(problem=session.dimensions.overflow[:500])

    def _total(self) -> Stream:
        """The row that adds up what came on this path. It has no content of its own: no `head`."""
        what = {"source": self.session.source, "head": "", "path": self.path}
        return Stream.objects.filter(**what).order_by("pk").first() or Stream.objects.create(**what)
