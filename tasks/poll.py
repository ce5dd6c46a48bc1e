"""Reading sources that are due."""

from celery import current_app, shared_task

from dashboard.core import clock
from dashboard.usage import polling, services
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source

__all__ = ["poll", "poll_due", "read"]


@shared_task(name="sundial.poll_due", ignore_result=True)
def poll_due() -> int:
    """Enqueue every source whose turn it is; a source is claimed by one caller."""
    due = Source.objects.filter(pk__in=polling.claim_due(clock.wall()))
    return sum(services.poll_soon(source) for source in due)


@shared_task(name="sundial.poll", ignore_result=True)
def poll(source_id: int) -> int:
    """Read what is new in one source; findings follow when something counted."""
    source = Source.objects.filter(pk=source_id).first()
    if source is None:
        return 0
    counts = polling.poll(source, clock.latest(), lambda file_id, token: read.delay(source_id, *file_id, token))
    return _counted(counts)


@shared_task(name="sundial.read", ignore_result=True)
def read(source_id: int, device: int, inode: int, token: str) -> int:
    """Read what is new in one large file of a source, beside the others."""
    source = Source.objects.filter(pk=source_id).first()
    return _counted(polling.poll_file(source, (device, inode), token, clock.latest())) if source else 0


def _counted(counts: Counts) -> int:
    if counts.accepted:
        current_app.send_task("sundial.scan")
    return counts.accepted
