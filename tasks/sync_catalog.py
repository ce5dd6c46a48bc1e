"""Comparing the catalog with its feeds."""

from celery import current_app, shared_task
from django.conf import settings

from dashboard.catalog.feeds import sync
from dashboard.core import clock

__all__ = ["sync_catalog"]


@shared_task(name="sundial.sync_catalog")
def sync_catalog() -> None:
    """Read the feeds that the operator asked for; findings follow what applied by itself.

    A pinned today stands still: what feeds say now is not news of that day.
    """
    results = [] if settings.SUNDIAL_TODAY else sync.sync_all_feeds(clock.now())
    if any(result.applied for result in results):
        current_app.send_task("sundial.scan")
