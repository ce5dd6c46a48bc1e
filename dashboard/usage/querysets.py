"""Questions asked of sources, streams and rejected lines."""

from collections.abc import Iterable
from datetime import datetime

from django.db import models
from django.db.models.functions import Cast

__all__ = ["RejectedLineQuerySet", "SourceQuerySet", "StreamQuerySet"]

RIVALS = 5000  # files that begin with the same line, such as a CSV header


class SourceQuerySet(models.QuerySet):
    def polled(self) -> "SourceQuerySet":
        """Those that polls read, rather than imports and what is pushed."""
        return self.filter(paused=False).exclude(kind__in=["import", "push"])

    def polled_before(self, pk: int, moment: datetime) -> "SourceQuerySet":
        """This source, unless a poll of it began at or after `moment`."""
        return self.filter(pk=pk).filter(models.Q(polled_at=None) | models.Q(polled_at__lt=moment))


class StreamQuerySet(models.QuerySet):
    def on_disk(self, source) -> "StreamQuerySet":
        """Content that a file held when last looked at, furthest first."""
        return self.filter(source=source, inode__gt=0).order_by("-offset", "pk")

    def known_files(self) -> "models.QuerySet":
        """Tuples (device, inode, pk, size, mtime_ns, waits, path).

        The first two are text and `waits` is a number, as they come: converting thousands on each poll takes long.
        """
        plain = {f"{name}_text": Cast(name, models.CharField()) for name in ("device", "inode")}
        plain["waits_number"] = Cast("waits", models.IntegerField())
        return self.annotate(**plain).values_list(
            "device_text", "inode_text", "pk", "size", "mtime_ns", "waits_number", "path"
        )

    def with_same_head(self, source, head: str) -> "StreamQuerySet":
        """Content that begins with the same line, the newest of it."""
        return self.filter(source=source, head=head).order_by("-pk")[:RIVALS]

    def mark_removed(self, pks: Iterable[int]) -> None:
        """The files that held this content hold it no more."""
        wanted = list(pks)
        for start in range(0, len(wanted), 500):
            self.filter(pk__in=wanted[start : start + 500]).update(device=0, inode=0, problem="", waits=False)

    def at(self, pk: int, offset: int) -> "StreamQuerySet":
        """This stream, if it is still read to `offset`: the guard of every checkpoint."""
        return self.filter(pk=pk, offset=offset)

    def newest(self, source, limit: int = 50) -> "StreamQuerySet":
        return self.filter(source=source).order_by(models.F("read_at").desc(nulls_last=True), "-pk")[:limit]


class RejectedLineQuerySet(models.QuerySet):
    def newest(self, source, limit: int = 50) -> "RejectedLineQuerySet":
        return self.filter(source=source).order_by("-id")[:limit]

    def keep_newest(self, source, limit: int) -> int:
        """Delete all but the newest `limit` of a source; how many went."""
        mine = self.filter(source=source).order_by("-id")
        last = mine.values_list("pk", flat=True)[limit : limit + 1].first()
        return self.filter(source=source, pk__lte=last).delete()[0] if last else 0
