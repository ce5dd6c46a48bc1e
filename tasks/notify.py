"""Owners are told, and what waits in the outbox is sent."""

from celery import shared_task

from dashboard.alerts import delivery as outbox
from dashboard.alerts import outbox as alerts_outbox
from dashboard.core import clock
from dashboard.findings import scan

__all__ = ["deliver", "notify"]


@shared_task(name="sundial.notify")
def notify() -> None:
    """Decide today's digests, on findings that are up to date."""
    scan.run(clock.now(), clock.today())
    alerts_outbox.write_digests(clock.now(), clock.today())


@shared_task(name="sundial.deliver")
def deliver() -> None:
    """Send what is due."""
    outbox.send_due(clock.wall())
