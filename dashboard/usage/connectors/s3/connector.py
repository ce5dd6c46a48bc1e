"""Object stores: Amazon S3, and every store with its API."""

from datetime import datetime

from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import Connector, Detail, EnqueueFile, PollResult, Progress, Sample
from dashboard.usage.connectors.s3.config import parse_config
from dashboard.usage.models import ListingCursor, Source

__all__ = ["S3Connector"]


class S3Connector(Connector):
    kind = "s3"
    label = gettext_lazy("Object store")
    description = gettext_lazy("Logs in Amazon S3, or in another store with its API")
    has_history = True
    items_label = gettext_lazy("Prefixes")
    item_label = gettext_lazy("Prefix")

    def validate(self, source: Source) -> None:
        parse_config(source.config)

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        from dashboard.usage.connectors.s3 import poller

        return poller.poll_bucket(source, now)

    def preview(self, source: Source, now: datetime) -> Sample:
        from dashboard.usage.connectors.s3 import preview

        return preview.sample_newest_object(source.format, source.config, now)

    def progress(self, source: Source, now: datetime) -> Progress | None:
        """Objects passed by the full listings, of those there were when a listing began."""
        cursors = ListingCursor.objects.filter(source=source, is_recent=False, started_at__isnull=False)
        listings = list(cursors.order_by("pk"))
        if not listings:
            return None
        done = sum(cursor.listed for cursor in listings)
        started = min(cursor.started_at for cursor in listings if cursor.started_at)
        unfinished = [cursor for cursor in listings if cursor.finished_at is None]
        if not unfinished:
            return Progress("objects", done, done, 1.0, started_on=started)
        if any(cursor.total is None for cursor in unfinished):
            return Progress("objects", done, None, None, started_on=started)
        total = done + sum(max(0, (cursor.total or 0) - cursor.listed) for cursor in unfinished)
        return Progress("objects", done, total, Progress.share_of(done, total), started_on=started)

    def describe(self, source: Source) -> list[Detail]:
        return [Detail(gettext_lazy("Bucket"), (str(source.config.get("bucket", "")),))]
