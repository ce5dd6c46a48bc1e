"""The worker's sign of life."""

from celery import shared_task

from dashboard.core import clock, heartbeat

__all__ = ["beat"]


@shared_task(name="sundial.heartbeat")
def beat() -> None:
    heartbeat.record("worker", clock.wall())
