"""Celery beat's scheduler, which also writes beat's own heartbeat."""

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry
from celery.schedules import crontab
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError

from dashboard.core import clock, heartbeat

__all__ = ["Scheduler"]

SECONDS_BETWEEN_BEATS = 20.0
SLACK = timedelta(seconds=1)

log = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """Writes the `beat` heartbeat from its own loop, so that a dead worker and a dead beat can be told apart.

    Each run of a job is claimed in the database: with several beats each due job still runs once. After the clock
    was set back, jobs whose last run is in the future are due.
    """

    heartbeat_at = 0.0

    def setup_schedule(self) -> None:
        """Also ask the worker for a heartbeat at once instead of one interval later."""
        super().setup_schedule()
        try:
            self.app.send_task("sundial.heartbeat", expires=SECONDS_BETWEEN_BEATS)
        except OperationalError as error:
            log.warning("the broker does not answer yet: %s", error)

    def apply_entry(self, entry: ScheduleEntry, producer=None) -> None:
        """Send the job unless another beat has just sent it."""
        now = clock.wall()
        try:
            is_ours = heartbeat.claim_run(str(entry.name), _run_begin(entry, now), now)
        except DatabaseError as error:
            log.warning("%s is sent without a claim: %s", entry.name, error)
            is_ours = True
        if is_ours:
            super().apply_entry(entry, producer=producer)

    def forget_future_runs(self, now: datetime) -> None:
        """Make jobs due whose last run is in the future; those were before the clock was set back."""
        late = [entry for entry in self.schedule.values() if entry.last_run_at and entry.last_run_at > now + SLACK]
        for entry in late:
            entry.last_run_at = now - timedelta(days=1)
        if late:
            self._heap = None  # it is sorted by the times of the next runs

    def tick(self, *args, **kwargs) -> float:
        """Run what is due; returns the seconds until the next call, at most until the next heartbeat."""
        if not self.heartbeat_at or time.monotonic() - self.heartbeat_at >= SECONDS_BETWEEN_BEATS:
            self.heartbeat_at = time.monotonic()
            try:
                close_old_connections()
                heartbeat.record("beat", clock.wall())
            except DatabaseError as error:
                log.warning("the beat heartbeat could not be written: %s", error)
        self.forget_future_runs(clock.wall())
        return min(super().tick(*args, **kwargs), SECONDS_BETWEEN_BEATS)


def _run_begin(entry: ScheduleEntry, now: datetime) -> datetime:
    """A run since then is the one that is due: the time of day of a daily job, or most of an interval ago."""
    schedule: Any = entry.schedule
    if not isinstance(schedule, crontab):
        return now - 0.9 * schedule.run_every
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
    minutes = [hour * 60 + minute for hour in schedule.hour for minute in schedule.minute]  # type: ignore[attr-defined]
    times = (midnight + timedelta(days=days, minutes=m) for days in (-1, 0) for m in minutes)
    return max(time for time in times if time <= now)
