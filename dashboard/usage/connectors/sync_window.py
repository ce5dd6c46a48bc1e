"""Sums per time span, asked for again until they no longer change: the checkpoints of databases and usage APIs.

A `SyncWindow` row stands for one table or endpoint. Everything from its `begin` to its `until` was read: an
interval without holes. It grows at its end as time passes, and at its front until it reaches the first day that
is wanted. The sums of a span and the row that says it was read commit together, so each span counts once.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.base import ConnectorError, Progress
from dashboard.usage.ingest import aggregates
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source, SyncWindow
from dashboard.usage.records import BucketValue

__all__ = ["EARLIEST", "WindowCheckpointer", "history_start", "spans", "window_progress"]

DEFAULT_DAYS = 7
EARLIEST = date(2015, 1, 1)


class WindowCheckpointer:
    """How far one table or endpoint of a source is read, and the only way to move that."""

    def __init__(self, source: Source, name: str, now: datetime) -> None:
        self.source, self.now = source, now
        self.dimensions = Dimensions(source)
        self.window = SyncWindow.objects.get_or_create(source=source, name=name, defaults={"read_at": now})[0]
        self._stored = self.window.begin, self.window.until
        # What was "read" of the future was before the clock was set back: it is read again when it comes.
        latest = int(now.timestamp())
        self.window.until = min(self.window.until, latest)
        if self.window.begin > latest:
            self.window.begin = self.window.until = 0

    @property
    def begin(self) -> int:
        """From this second on everything was read; 0 at first."""
        return self.window.begin

    @property
    def until(self) -> int:
        """Everything from `begin` to this second was read; 0 at first."""
        return self.window.until

    def recent(self, first: int, until: int, window: int, step: int, most: int) -> Iterator[tuple[int, int]]:
        """At most `most` spans of `step` seconds: the last `window` seconds of what was read, and on past `until`.

        The first poll begins with the window before `until`, but not before `first`.
        """
        start = max(self.begin, self.until - window) if self.until else max(first, until - window)
        width = min(step, DAY)
        return spans(start // width * width, until, step, most)

    def history(self, first: int, step: int, most: int) -> Iterator[tuple[int, int]]:
        """At most `most` spans before what was read, newest first, back to `first`.

        Each must be committed before the next is asked for.
        """
        for _ in range(most):
            end = self.begin
            if end <= first:
                return
            yield max(first, end - step), end
            if self.begin == end:
                return  # it was not committed

    def commit_span(
        self, values: Collection[BucketValue], span: tuple[int, int], accepted: int, rejected: int = 0
    ) -> Counts:
        """Count all sums of a span, which must touch what was read before, in one transaction.

        Raises ConnectorError, and changes nothing, when another worker moved the window meanwhile.
        """
        begin, until = self._extended(*span)
        try:
            with transaction.atomic():
                Source.objects.select_for_update().filter(pk=self.source.pk).exists()
                unmoved = SyncWindow.objects.filter(
                    pk=self.window.pk, begin=self._stored[0], until=self._stored[1]
                )
                moved = unmoved.update(
                    begin=begin,
                    until=until,
                    accepted=F("accepted") + accepted,
                    rejected=F("rejected") + rejected,
                    read_at=self.now,
                )
                if not moved:
                    raise ConnectorError("Another worker read this first; the next poll continues")  # noqa: TRY301
                aggregates.replace_buckets(self.source, values, self.dimensions, self.now.date())
        except BaseException:
            self.dimensions.forget()
            raise
        self.window.begin, self.window.until = self._stored = begin, until
        return Counts(accepted + rejected, accepted, rejected)

    def _extended(self, begin: int, until: int) -> tuple[int, int]:
        if not self.until:
            return begin, until
        if begin > self.until or until < self.begin:
            raise ValueError("a span must touch what was read before")
        return min(begin, self.begin), max(until, self.until)


def window_progress(source: Source, now: datetime) -> Progress | None:
    """How much of the wanted time was read: the shortest interval and the mean share of all windows."""
    windows = list(SyncWindow.objects.filter(source=source, until__gt=0).order_by("pk"))
    try:
        first = history_start(source.config, now)
    except ConnectorError:
        return None
    if not windows:
        return None
    # The last midnight before the poll, or what is read beyond it: an unfinished hour is no backlog.
    polled = int((source.polled_at or now).timestamp()) // DAY * DAY
    target = max(polled, *(window.until for window in windows))
    done = sum(min(target, w.until) - max(first, min(w.begin, w.until)) for w in windows if w.until > first)
    total = max(1, sum(max(polled, w.until) - first for w in windows))
    return Progress(
        "seconds",
        done,
        total,
        Progress.share_of(done, total),
        started_on=_utc(first),
        complete_from=_utc(max(first, *(window.begin for window in windows))),
        complete_until=_utc(min(window.until for window in windows)),
        target=_utc(target),
    )


def history_start(config: Mapping[str, Any], now: datetime) -> int:
    """Midnight UTC of the first day to read (`since`, or a week ago), as a Unix time. Raises ConnectorError."""
    wanted = config.get("since")
    if not wanted:
        return int(now.timestamp()) // DAY * DAY - DEFAULT_DAYS * DAY
    try:
        day = date.fromisoformat(str(wanted))
    except ValueError:
        raise ConnectorError("since is not a day such as 2024-01-04") from None
    return int(datetime.combine(max(day, EARLIEST), datetime.min.time(), UTC).timestamp())


def spans(start: int, until: int, step: int, most: int) -> Iterator[tuple[int, int]]:
    """At most `most` spans of `step` seconds from `start` to past `until`."""
    for _ in range(most):
        if start > until:
            return
        yield start, start + step
        start += step


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
