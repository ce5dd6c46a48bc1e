"""Findings follow usage and catalog."""

from celery import shared_task

from dashboard.findings import scan as findings
from dashboard.kit import clock, once

__all__ = ["scan"]


@shared_task(name="sundial.scan")
def scan() -> None:
    """Bring findings in step with what was read since the last scan; one worker at a time is enough."""
    with once.holding("scan", seconds=900) as ours:
        if ours:
            findings.run(clock.now(), clock.today())
