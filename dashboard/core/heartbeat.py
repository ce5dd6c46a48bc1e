"""Signs of life of the parts that run in the background.

They are written and judged by the wall clock (`clock.wall()`), also while `SUNDIAL_TODAY` pins today.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from dashboard.core.models import Heartbeat

__all__ = ["MAX_AGE", "claim_run", "is_alive", "record"]

MAX_AGE = timedelta(seconds=90)
"""A part that has been silent for longer counts as down; the worker writes every 30 seconds, beat every 20."""


def record(name: str, now: datetime, detail: str = "") -> None:
    """Part `name` is alive at `now`."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "detail": detail})


def is_alive(name: str, now: datetime) -> bool:
    """Whether part `name` showed life lately. A time far in the future is from before the clock was set back."""
    return Heartbeat.objects.filter(name=name, at__range=(now - MAX_AGE, now + MAX_AGE)).exists()


def claim_run(name: str, since: datetime, now: datetime) -> bool:
    """Whether the job `name` did not run from `since` to `now`; if so it is marked as run by this caller alone.

    A run after `now` was one before the clock was set back: it does not count.
    """
    key = f"job:{name}"[:40]
    _, is_first = Heartbeat.objects.get_or_create(name=key, defaults={"at": now})
    is_due = Q(at__lt=since) | Q(at__gt=now)
    return is_first or bool(Heartbeat.objects.filter(is_due, name=key).update(at=now))
