"""Celery beat's scheduler, which also writes beat's own heartbeat."""

import logging
import time

from celery.beat import PersistentScheduler
from django.db import DatabaseError, close_old_connections
from kombu.exceptions import OperationalError

from dashboard.core import clock, heartbeat

__all__ = ["Scheduler"]

SECONDS_BETWEEN_BEATS = 20.0

log = logging.getLogger(__name__)


class Scheduler(PersistentScheduler):
    """Writes the `beat` heartbeat from its own loop, so that a dead worker and a dead beat can be told apart."""

    heartbeat_at = 0.0

    def setup_schedule(self) -> None:
        """Also ask the worker for a heartbeat at once instead of one interval later."""
        super().setup_schedule()
        try:
            self.app.send_task("sundial.heartbeat", expires=SECONDS_BETWEEN_BEATS)
        except OperationalError as error:
            log.warning("the broker does not answer yet: %s", error)

    def tick(self, *args, **kwargs) -> float:
        """Run what is due; returns the seconds until the next call, at most until the next heartbeat."""
        if not self.heartbeat_at or time.monotonic() - self.heartbeat_at >= SECONDS_BETWEEN_BEATS:
            self.heartbeat_at = time.monotonic()
            try:
                close_old_connections()
                heartbeat.record("beat", clock.wall())
            except DatabaseError as error:
                log.warning("the beat heartbeat could not be written: %s", error)
        return min(super().tick(*args, **kwargs), SECONDS_BETWEEN_BEATS)
