"""Reading sources that are due."""

from celery import current_app, shared_task

from dashboard.kit import clock
from dashboard.usage import polling
from dashboard.usage.models import Source

__all__ = ["poll", "poll_due"]


@shared_task(name="sundial.poll_due", ignore_result=True)
def poll_due() -> int:
    """Enqueue every source whose turn it is; a source is claimed by one caller."""
    due = polling.claim_due(clock.wall())
    for pk in due:
        poll.delay(pk)
    return len(due)


@shared_task(name="sundial.poll", ignore_result=True)
def poll(source_id: int) -> int:
    """Read what is new in one source; findings follow when something counted."""
    source = Source.objects.filter(pk=source_id).first()
    counts = polling.poll(source, clock.latest()) if source else polling.NEVER
    if counts.accepted:
        current_app.send_task("sundial.scan")
    return counts.accepted
