"""Signs of life of the parts that run in the background.

They are written and judged by the wall clock (`clock.wall()`), also while `SUNDIAL_TODAY` pins today.
"""

from datetime import datetime, timedelta

from dashboard.core.models import Heartbeat

__all__ = ["MAX_AGE", "is_alive", "record"]

MAX_AGE = timedelta(seconds=90)
"""A part that has been silent for longer counts as down; the worker writes every 30 seconds, beat every 20."""


def record(name: str, now: datetime, detail: str = "") -> None:
    """Part `name` is alive at `now`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "detail": detail})


def is_alive(name: str, now: datetime) -> bool:
    """Whether part `name` showed life lately."""
    return Heartbeat.objects.filter(name=name, at__gte=now - MAX_AGE).exists()
