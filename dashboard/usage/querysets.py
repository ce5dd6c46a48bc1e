"""Queries on sources, checkpoints and rejected lines."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models.functions import Cast

__all__ = ["RejectedLineQuerySet", "SourceQuerySet", "StreamQuerySet"]

MAX_SAME_HEAD = 5000  # files that begin with the same line, such as a CSV header


class SourceQuerySet(models.QuerySet):
    def polled_before(self, pk: int, moment: datetime, now: datetime) -> "SourceQuerySet":
        """This source, unless a poll of it began from `moment` to `now`.

        A poll after `now` was one before the clock was set back: it does not count.
        """
        is_due = models.Q(polled_at=None) | models.Q(polled_at__lt=moment) | models.Q(polled_at__gt=now)
        return self.filter(is_due, pk=pk)


class StreamQuerySet(models.QuerySet):
    def on_disk(self, source) -> "StreamQuerySet":
        """Content of files that existed at the last poll, the furthest read first."""
        return self.filter(source=source, inode__gt=0).order_by("-offset", "pk")

    def known_files(self) -> "models.QuerySet":
        """Tuples (device, inode, pk, size, mtime_ns, waits, path).

        The first two are text and `waits` is a number, as the database returns them: a poll reads thousands.
        """
        plain = {f"{name}_text": Cast(name, models.CharField()) for name in ("device", "inode")}
        plain["waits_number"] = Cast("waits", models.IntegerField())
        return self.annotate(**plain).values_list(
            "device_text", "inode_text", "pk", "size", "mtime_ns", "waits_number", "path"
        )

    def with_same_head(self, source, head: str) -> "StreamQuerySet":
        """Content that begins with the same line, newest first."""
        return self.filter(source=source, head=head).order_by("-pk")[:MAX_SAME_HEAD]

    def mark_removed(self, pks: Iterable[int]) -> None:
        """Save that the files with this content are gone."""
        wanted = list(pks)
        for start in range(0, len(wanted), 500):
            self.filter(pk__in=wanted[start : start + 500]).update(device=0, inode=0, problem="", waits=False)

    def at(self, pk: int, offset: int) -> "StreamQuerySet":
        """This row, if it is still at `offset`: the guard of every checkpoint."""
        return self.filter(pk=pk, offset=offset)

    def newest(self, source, limit: int = 50) -> "StreamQuerySet":
        return self.filter(source=source).order_by(models.F("read_at").desc(nulls_last=True), "-pk")[:limit]


class RejectedLineQuerySet(models.QuerySet):
    def newest(self, source, limit: int = 50) -> "RejectedLineQuerySet":
        return self.filter(source=source).order_by("-id")[:limit]

    def keep_newest(self, source, limit: int) -> int:
        """Delete all but the newest `limit` of a source; the number of deleted rows."""
        mine = self.filter(source=source).order_by("-id")
        last = mine.values_list("pk", flat=True)[limit : limit + 1].first()
        return self.filter(source=source, pk__lte=last).delete()[0] if last else 0
