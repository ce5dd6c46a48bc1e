"""How scheduled tasks ended, for `/readyz` and the pages."""

import logging
from typing import Any

from celery.signals import task_failure, task_success
from django.db import DatabaseError

from dashboard.core import clock, jobs

__all__ = ["failed", "succeeded"]

log = logging.getLogger(__name__)


@task_success.connect
def succeeded(sender: Any = None, **_: Any) -> None:
    if _is_watched(sender):
        try:
            jobs.record_success(sender.name, clock.wall())
        except DatabaseError as error:
            log.warning("the end of %s could not be recorded: %s", sender.name, error)


@task_failure.connect
def failed(sender: Any = None, exception: BaseException | None = None, **_: Any) -> None:
    if _is_watched(sender) and exception is not None:
        try:
            jobs.record_failure(sender.name, exception, clock.wall())
        except DatabaseError as error:
            log.warning("the failure of %s could not be recorded: %s", sender.name, error)


def _is_watched(task: Any) -> bool:
    name = getattr(task, "name", "")
    return name in jobs.INTERVALS or name in jobs.DAILY
