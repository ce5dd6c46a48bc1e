"""What people do to a source: save, pause, resume, back-fill. Each action is in the audit log."""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from celery import current_app
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from kombu.exceptions import KombuError

from dashboard.core import audit
from dashboard.core.text import mask_values
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.connectors.sync_window import EARLIEST
from dashboard.usage.models import Source

__all__ = ["AUDITED_FIELDS", "audited_values", "back_fill", "pause", "poll_soon", "resume", "save", "validate"]

log = logging.getLogger(__name__)

POLL_EXPIRES_SECONDS = 600  # nobody waits for a poll that long
AUDITED_FIELDS = (
    *("slug", "name", "kind", "format", "platform", "paths", "deployments", "config", "poll_seconds", "paused"),
)
SECRETLESS_FIELDS = ("name", "paths", "deployments", "config")
NAME_FIELDS = ("platform", "deployments")
"""Fields that decide what called names mean."""


def audited_values(source: Source) -> dict[str, Any]:
    """The fields that people set, as the audit log stores them."""
    return {name: getattr(source, name) for name in AUDITED_FIELDS}


def validate(source: Source, before: Mapping[str, Any]) -> None:
    """Check a source whose audited values were `before` ({} for a new one): the one rule for every way to save it.

    Raises ConnectorError or SecretError. A secret that was stored earlier does not stop a change.
    """
    connector_for(source.kind).validate(source)
    for name in SECRETLESS_FIELDS:
        value = getattr(source, name)
        if value != before.get(name) and mask_values(value, name) != value:
            raise ConnectorError(
                _("This holds what looks like a secret: name an environment variable instead"),
                field="" if name == "config" else name,
            )


def save(source: Source, before: Mapping[str, Any], *, by: Any, now: datetime, origin: str = "sources") -> bool:
    """Save a source whose audited values were `before` ({} for a new one), and write the audit log.

    Raises what `validate` does. Returns whether called names of its past may mean something else now; the caller
    then resolves them anew.
    """
    validate(source, before)
    with transaction.atomic():
        if source.pk is None:
            source.created_at = now
            source.save()
        else:
            source.save(update_fields=AUDITED_FIELDS)
        _record_change(source, before, by, now, origin)
    return bool(before) and any(before[name] != getattr(source, name) for name in NAME_FIELDS)


def pause(source: Source, *, by: Any, now: datetime) -> bool:
    """Stop reading until it is resumed; False when it was paused already."""
    return _set_paused(source, wanted=True, by=by, now=now)


def resume(source: Source, *, by: Any, now: datetime) -> bool:
    """Continue reading where it stopped; False when it was not paused."""
    return _set_paused(source, wanted=False, by=by, now=now)


def _set_paused(source: Source, *, wanted: bool, by: Any, now: datetime) -> bool:
    with transaction.atomic():
        changed = Source.objects.filter(pk=source.pk, paused=not wanted).update(paused=wanted)
        source.refresh_from_db()
        if changed:
            _record_change(source, {**audited_values(source), "paused": not wanted}, by, now)
    return bool(changed)


def back_fill(source: Source, since: date, *, by: Any, now: datetime) -> None:
    """Read everything from the day `since` on; the next polls read what is missing.

    Raises ValidationError for a day in the future or before `EARLIEST`, and for kinds without a history.
    """
    if not connector_for(source.kind).has_history:
        raise ValidationError(_("A source of this kind is read as a whole anyway"))
    if not EARLIEST <= since <= now.date():
        raise ValidationError(
            {"since": _("Choose a day from %(first)s to today") % {"first": f"{EARLIEST:%Y-%m-%d}"}}
        )
    with transaction.atomic():
        source = Source.objects.select_for_update().get(pk=source.pk)
        before = audited_values(source)
        source.config = {**source.config, "since": since.isoformat()}
        source.save(update_fields=["config"])
        _record_change(source, before, by, now)


def _record_change(
    source: Source, before: Mapping[str, Any], by: Any, now: datetime, origin: str = "sources"
) -> None:
    audit.record(source, before=dict(before), after=audited_values(source), now=now, origin=origin, by=by)


def poll_soon(source: Source) -> bool:
    """Enqueue a poll of a source; False when the broker does not answer."""
    try:
        current_app.send_task(
            "sundial.poll",
            [source.pk],
            queue=connector_for(source.kind).poll_queue,
            retry=False,
            expires=POLL_EXPIRES_SECONDS,
        )
    except (KombuError, OSError) as problem:
        log.warning("%s is not polled now: the broker does not answer (%s)", source.slug, problem)
        return False
    return True
