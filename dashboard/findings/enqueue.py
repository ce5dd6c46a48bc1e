"""Asking the worker for a scan after a request changed the catalog, a source or an attribution rule."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

__all__ = ["enqueue_scan"]

log = logging.getLogger(__name__)


def enqueue_scan() -> None:
    """Enqueue a scan once the current transaction is committed.

    Without a broker nothing is lost: the next scheduled scan does the same work.
    """
    transaction.on_commit(_send)


def _send() -> None:
    try:
        current_app.send_task("sundial.scan", retry=False)
    except (KombuError, OSError) as problem:
        log.warning("The broker does not answer (%s); the next scan will see this change", problem)
