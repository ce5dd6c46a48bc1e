"""What the sources share that ask for sums again and again: steps over time, and what was asked is counted once.

A `Stream` stands for one table or one endpoint. Every bucket from its `begin` to its `offset`, both in seconds
since 1970, was delivered: an interval without holes, which grows at its end as time passes and at its front
until it reaches the first day that is wanted. A delivery and its checkpoint commit together.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from dashboard.usage.buckets import DAY
from dashboard.usage.ingest import aggregates
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source, Stream
from dashboard.usage.records import BucketValue

__all__ = ["ConnectorError", "WindowCheckpointer", "history_start", "spans"]

DEFAULT_DAYS = 7
EARLIEST = date(2015, 1, 1)


class ConnectorError(Exception):
    """What keeps a source from being read, in one sentence without secrets."""


class WindowCheckpointer:
    """How far one table or endpoint of a source is read."""

    def __init__(self, source: Source, path: str, now: datetime) -> None:
        self.source, self.now = source, now
        self.dimensions = Dimensions(source)
        self.stream = self._known(path) or self._made(path)

    def _known(self, path: str) -> Stream | None:
        return Stream.objects.filter(source=self.source, head=self.source.kind, path=path).order_by("pk").first()

    def _made(self, path: str) -> Stream:
        """Two workers may meet here when the broker keeps no lock for them: the source's row does."""
        kind = self.source.kind
        with transaction.atomic():
            Source.objects.select_for_update().filter(pk=self.source.pk).exists()
            return self._known(path) or Stream.objects.create(
                source=self.source, path=path, head=kind, format=kind, read_at=self.now
            )

    @property
    def begin(self) -> int:
        """From this second on everything was delivered; 0 at first."""
        return self.stream.begin

    @property
    def until(self) -> int:
        """Everything from `begin` to this second was delivered; 0 at first."""
        return self.stream.offset

    def recent(self, first: int, until: int, window: int, step: int, most: int) -> Iterator[tuple[int, int]]:
        """At most `most` spans of `step` seconds: the `window` before what is known, and on to behind `until`.

        At first it begins with the window before `until`, but not before `first`.
        """
        start = max(self.begin, self.until - window) if self.until else max(first, until - window)
        width = min(step, DAY)
        return spans(start // width * width, until, step, most)

    def history(self, first: int, step: int, most: int) -> Iterator[tuple[int, int]]:
        """At most `most` spans before what is known, newest first, back to `first`.

        Each must be delivered before the next is taken.
        """
        for _ in range(most):
            end = self.begin
            if end <= first:
                return
            yield max(first, end - step), end
            if self.begin == end:
                return  # it was not delivered

    def commit_span(
        self, readings: Collection[BucketValue], span: tuple[int, int], accepted: int, rejected: int = 0
    ) -> Counts:
        """Count one delivery, which tells all of a span that touches what is known; in one transaction.

        Raises DeliveryError when another reader came first; nothing has happened then.
        """
        begin, until = self._grown(*span)
        try:
            with transaction.atomic():
                Source.objects.select_for_update().filter(pk=self.source.pk).exists()
                known = Stream.objects.at(self.stream.pk, self.until).filter(begin=self.begin)
                moved = known.update(
                    begin=begin,
                    offset=until,
                    accepted=F("accepted") + accepted,
                    rejected=F("rejected") + rejected,
                    read_at=self.now,
                )
                if not moved:
                    raise ConnectorError("Another reader was faster; the next poll goes on")  # noqa: TRY301
                aggregates.replace_buckets(self.source, readings, self.dimensions, self.now.date())
        except BaseException:
            self.dimensions.forget()
            raise
        self.stream.begin, self.stream.offset = begin, until
        return Counts(accepted + rejected, accepted, rejected)

    def _grown(self, begin: int, until: int) -> tuple[int, int]:
        if not self.until:
            return begin, until
        if begin > self.until or until < self.begin:
            raise ValueError("a delivery must touch what was delivered before")
        return min(begin, self.begin), max(until, self.until)


def history_start(config: Mapping[str, Any], now: datetime) -> int:
    """Midnight of the day from which history is wanted: `since`, else a week ago. Raises DeliveryError."""
    wanted = config.get("since")
    if not wanted:
        return int(now.timestamp()) // DAY * DAY - DEFAULT_DAYS * DAY
    try:
        day = date.fromisoformat(str(wanted))
    except ValueError:
        raise ConnectorError("since is not a day such as 2024-01-04") from None
    return int(datetime.combine(max(day, EARLIEST), datetime.min.time(), UTC).timestamp())


def spans(start: int, until: int, step: int, most: int) -> Iterator[tuple[int, int]]:
    """At most `most` spans of `step` seconds from `start` to behind `until`."""
    for _ in range(most):
        if start > until:
            return
        yield start, start + step
        start += step
