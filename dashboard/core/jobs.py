"""Background jobs that fail or no longer run: what `/readyz` and the pages say about them.

A job's last run without an error, and its last error, are rows of `Heartbeat`. Times are the wall clock's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from dashboard.core.models import Heartbeat
from dashboard.core.text import clean

__all__ = [
    "DAILY",
    "INTERVALS",
    "POLL",
    "JobProblem",
    "problems",
    "record_failure",
    "record_notice",
    "record_success",
]

INTERVALS: Mapping[str, timedelta] = {
    "sundial.poll_due": timedelta(seconds=10),
    "sundial.scan": timedelta(minutes=15),
    "sundial.deliver": timedelta(minutes=1),
}
"""How often jobs run; one that did not run for three intervals and two minutes is overdue."""
DAILY = frozenset({"sundial.notify", "sundial.prune", "sundial.sync_catalog"})

PATIENCE = timedelta(minutes=2)
POLL = "poll "
POLL_FAILURES_HOLD = timedelta(hours=1)
"""A failing source is polled again and again; of one that was paused or deleted nothing more is heard."""
RAN, FAILED, NOTICE = "ran:", "failed:", "notice:"


class JobProblem(NamedTuple):
    """`is_failure`: the job fails or does not run; otherwise something was set aside and the rest went on."""

    job: str
    text: str
    is_failure: bool


def record_success(job: str, now: datetime) -> None:
    """The job ran to its end."""
    Heartbeat.objects.filter(name=FAILED + job).delete()
    if job in INTERVALS:
        Heartbeat.objects.update_or_create(name=RAN + job, defaults={"at": now, "detail": ""})


def record_failure(job: str, error: BaseException, now: datetime) -> None:
    """The job ended with an error. Only its kind is recorded: a message may hold content."""
    detail = clean(type(error).__name__, 100)
    Heartbeat.objects.update_or_create(name=(FAILED + job)[:40], defaults={"at": now, "detail": detail})


def record_notice(job: str, count: int, now: datetime) -> None:
    """How many things the job set aside; 0 takes the notice back."""
    row = Heartbeat.objects.filter(name=NOTICE + job)
    if count:
        Heartbeat.objects.update_or_create(name=NOTICE + job, defaults={"at": now, "detail": str(count)})
    elif row.exists():
        row.delete()


def problems(now: datetime) -> list[JobProblem]:
    """What is wrong with the background jobs, in order of their names: one query."""
    found = []
    for row in Heartbeat.objects.exclude(name__in=("worker", "beat")).order_by("name"):
        kind, _colon, job = row.name.partition(":")
        kind += _colon
        if kind == FAILED and not (job.startswith(POLL) and now - row.at > POLL_FAILURES_HOLD):
            text = _("The background job %(job)s failed: %(error)s. The log of the worker says more.")
            found.append(JobProblem(job, text % {"job": job, "error": row.detail}, is_failure=True))
        elif kind == RAN and now - row.at > 3 * INTERVALS.get(job, timedelta.max / 4) + PATIENCE:
            text = _("The background job %(job)s did not run since %(time)s UTC.")
            found.append(JobProblem(job, text % {"job": job, "time": f"{row.at:%Y-%m-%d %H:%M}"}, is_failure=True))
        elif kind == NOTICE:
            text = _(
                "%(count)s names of models could not be resolved and were set aside. The worker's log names them."
            )
            found.append(JobProblem(job, text % {"count": row.detail}, is_failure=False))
    return found
