"""Records that come in a request rather than a file: one transaction per request, each record once by its id.

They are decoded, and compared with what was counted, before the transaction begins; it only checks that nobody
counted one of the ids meanwhile, and writes. So many senders at once wait for each other as shortly as can be.
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
from dashboard.usage.models import Source, SourceKind, Stream
from dashboard.usage.records import Batch

__all__ = ["import_batch"]

ATTEMPTS = 20


class _Counted(Exception):  # noqa: N818  an event, not an error
    """Somebody counted one of the ids since we looked."""


def import_batch(
    source: Source, place: str, format_name: str, add: Callable[[Batch], None], size: int, now: datetime
) -> tuple[Counts, list[str]]:
    """Count what `add` puts into a batch; the counts, and why records were refused. Raises NotTaken.

    `place` is what such records are remembered by, `size` their bytes.
    """
    post = PushedBatch(Session(source, now, workers=0), place, format_name, size)
    for _ in range(ATTEMPTS):
        accumulator = post.accumulator(add)
        if not (accumulator.accepted or accumulator.rejected or accumulator.duplicates or accumulator.skipped):
            return Counts(bytes=size), []
        if post.commit(accumulator):
            counts = accumulator.accepted + accumulator.rejected + accumulator.duplicates
            reasons = list(dict.fromkeys(reject.reason for reject in accumulator.rejects))
            return Counts(
                counts, accumulator.accepted, accumulator.rejected, accumulator.duplicates, size
            ), reasons
    raise TryAgainError("Others keep counting the same records: send them again")


class PushedBatch:
    """One request. There is no content to know again, so what it held is summed up in one stream per place."""

    def __init__(self, session: Session, place: str, format_name: str, size: int) -> None:
        self.session = session
        self.place = place
        self.format_name = format_name
        self.size = size

    def accumulator(self, add: Callable[[Batch], None]) -> Accumulator:
        accumulator = self.session.accumulator()
        add(accumulator)
        return accumulator

    def commit(self, accumulator: Accumulator) -> bool:
        """False, and nothing counted, when an id was counted by somebody else meanwhile."""
        hashes = accumulator.hashes_by_hour()
        try:
            with transaction.atomic():
                self._keep(accumulator, hashes)
        except _Counted:
            self.session.forget()
            return False
        except BaseException:
            self.session.forget()
            raise
        return True

    def _keep(self, accumulator: Accumulator, hashes: NewHashes) -> None:
        session, source = self.session, self.session.source
        # The source's row is the lock, as for every reader of it.
        mine = Source.objects.filter(pk=source.pk)
        if not mine.filter(paused=False).update(polled_at=session.now, problem=""):
            if mine.exists():
                raise SourcePausedError(f"The source {source.slug} is paused")
            raise UnknownSourceError(f"The source {source.slug} was deleted meanwhile")
        if hashes and session.known_hashes.collides(hashes):
            raise _Counted
        read = accumulator.accepted + accumulator.rejected + accumulator.duplicates + accumulator.skipped
        Stream.objects.filter(pk=self._sum().pk).update(
            offset=F("offset") + self.size,
            lines=F("lines") + read,
            accepted=F("accepted") + accumulator.accepted,
            rejected=F("rejected") + accumulator.rejected,
            duplicates=F("duplicates") + accumulator.duplicates,
            skipped=F("skipped") + accumulator.skipped,
            format=self.format_name,
            read_at=session.now,
        )
        persist_batch(session, self.place, accumulator, hashes)
        if session.dimensions.overflow:
            mine.update(problem=session.dimensions.overflow[:500])

    def _sum(self) -> Stream:
        """The one stream of this place; nothing is ever read on from where it stands."""
        what = {"source": self.session.source, "head": SourceKind.PUSH, "path": self.place}
        return Stream.objects.filter(**what).order_by("pk").first() or Stream.objects.create(**what)
