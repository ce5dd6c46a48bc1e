"""Write due digests into the outbox, and send the outbox."""

from celery import shared_task

from dashboard.alerts import delivery, outbox
from dashboard.core import clock, locks
from dashboard.findings import scan

__all__ = ["deliver", "notify"]


@shared_task(name="sundial.notify")
def notify() -> None:
    """Update findings, then write the digests that are due today."""
    scan.run(clock.now(), clock.today())
    outbox.write_digests(clock.now(), clock.today())


@shared_task(name="sundial.deliver")
def deliver() -> None:
    """Send the deliveries that are due, unless another worker is at it."""
    with locks.try_lock("deliver", seconds=delivery.LONGEST_RUN_SECONDS) as acquired:
        if acquired:
            delivery.send_due(clock.wall())
