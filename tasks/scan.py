"""Findings follow usage and catalog."""

from celery import shared_task

from dashboard.core import clock, locks
from dashboard.findings import scan as findings

__all__ = ["scan"]

BUSY_SECONDS = 5


@shared_task(name="sundial.scan")
def scan() -> None:
    """Bring findings in step with what was read; while another scan runs, come back for what it may miss."""
    with locks.try_lock("scan", seconds=900) as acquired:
        if acquired:
            findings.run(clock.now(), clock.today())
        else:
            scan.apply_async(countdown=BUSY_SECONDS, expires=300)
