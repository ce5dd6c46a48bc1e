"""Letting the worker bring findings in step, for those who change the catalog or the rules in a request."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError

__all__ = ["enqueue_scan"]

log = logging.getLogger(__name__)


def enqueue_scan() -> None:
    """Ask for a scan once this change is committed.

    Without a broker nothing is lost: the scan that beat asks for does the same work.
    """
    transaction.on_commit(_send)


def _send() -> None:
    try:
        current_app.send_task("sundial.scan", retry=False)
    except (KombuError, OSError) as problem:
        log.warning("The broker does not answer (%s); the next scan will see this change", problem)
