"""Deleting what is older than it is kept."""

from celery import shared_task

from dashboard.core import clock
from dashboard.usage import retention

__all__ = ["prune"]


@shared_task(name="sundial.prune", ignore_result=True)
def prune() -> bool:
    """Prune in small batches; whether nothing is left to prune."""
    return retention.prune(clock.now()).finished
