"""What people do to a source: save it, pause it, have its history read. Each act is in the audit log."""

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
from dashboard.usage.connectors.sync_window import EARLIEST
from dashboard.usage.models import Source, SourceKind

__all__ = ["ASKED", "audited_values", "back_fill", "pause", "poll_soon", "resume", "save"]

log = logging.getLogger(__name__)

ORIGIN = "sources"
EXPIRES = 600  # seconds after which nobody waits for a poll any more
ASKED = frozenset({SourceKind.SQL, SourceKind.HTTP, SourceKind.S3})
"""The kinds that are read from a first day on."""
AUDITED_FIELDS = (
    "slug",
    "name",
    "kind",
    "format",
    "platform",
    "paths",
    "deployments",
    "config",
    "poll_seconds",
    "paused",
)


def audited_values(source: Source) -> dict[str, Any]:
    """What people decide of a source, as the audit log keeps it."""
    return {name: getattr(source, name) for name in AUDITED_FIELDS}


def save(source: Source, before: Mapping[str, Any], *, by: Any, now: datetime) -> None:
    """Save a source whose facts were `before` ({} for a new one). A new one is read with the next poll."""
    with transaction.atomic():
        if source.pk is None:
            source.created_at = now
            source.save()
        else:
            source.save(update_fields=AUDITED_FIELDS)
        _log(source, before, by, now)


def pause(source: Source, *, by: Any, now: datetime) -> bool:
    """Read no more until it is resumed; False when it was paused."""
    return _set_paused(source, wanted=True, by=by, now=now)


def resume(source: Source, *, by: Any, now: datetime) -> bool:
    """Go on reading where it was left; False when it was not paused."""
    return _set_paused(source, wanted=False, by=by, now=now)


def _set_paused(source: Source, *, wanted: bool, by: Any, now: datetime) -> bool:
    with transaction.atomic():
        changed = Source.objects.filter(pk=source.pk, paused=not wanted).update(paused=wanted)
        source.refresh_from_db()
        if changed:
            _log(source, {**audited_values(source), "paused": not wanted}, by, now)
    return bool(changed)


def back_fill(source: Source, since: date, *, by: Any, now: datetime) -> None:
    """Have everything from the day `since` on; what lies before what was read follows with the next polls.

    Raises ValidationError for a day in the future or before any model was sold, and for kinds that have no days.
    """
    if source.kind not in ASKED:
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
        _log(source, before, by, now)


def _log(source: Source, before: Mapping[str, Any], by: Any, now: datetime) -> None:
    audit.record(source, before=dict(before), after=audited_values(source), now=now, origin=ORIGIN, by=by)


def poll_soon(source: Source) -> bool:
    """Have a worker read a source now; False when the broker does not answer, and nobody will."""
    try:
        current_app.send_task("sundial.poll", [source.pk], retry=False, expires=EXPIRES)
    except (KombuError, OSError) as problem:
        log.warning("%s is not polled now: the broker does not answer (%s)", source.slug, problem)
        return False
    return True
