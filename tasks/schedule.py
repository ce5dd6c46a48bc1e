"""What beat runs and how often. Every entry expires before its next run, so a stopped worker finds no backlog."""

from datetime import timedelta

from celery.schedules import crontab

__all__ = ["SCHEDULE"]


def _every(task: str, **interval: int) -> dict:
    every = timedelta(**interval)
    return {"task": task, "schedule": every, "options": {"expires": every.total_seconds() * 0.9}}


def _daily(task: str, hour: int, minute: int = 0) -> dict:
    """At a time of day, in UTC; still worth running hours later."""
    return {
        "task": task,
        "schedule": crontab(hour=str(hour), minute=str(minute)),
        "options": {"expires": 20 * 3600},
    }


SCHEDULE = {
    "heartbeat": _every("sundial.heartbeat", seconds=30),
    "poll-due-sources": _every("sundial.poll_due", seconds=10),
    "scan": _every("sundial.scan", minutes=15),
    "deliver": _every("sundial.deliver", minutes=1),
    "prune": _daily("sundial.prune", hour=3),
    "sync-catalog": _daily("sundial.sync_catalog", hour=6),
    "notify": _daily("sundial.notify", hour=8),
}
