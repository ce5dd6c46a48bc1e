"""Writing the audit log."""

from datetime import datetime
from typing import Any

from dashboard.core.models import AuditEntry

__all__ = ["history", "record"]


def record(
    obj: Any, *, before: dict, after: dict, now: datetime, origin: str, by: Any = None, label: str = ""
) -> AuditEntry | None:
    """Append what changed on `obj` (a saved model instance); nothing when nothing did.

    `before` and `after` are JSON-ready dicts; an empty `before` means added, an empty `after` removed.
    """
    if before == after:
        return None
    action = "added" if not before else "removed" if not after else "changed"
    return AuditEntry.objects.create(
        at=now,
        by=by,
        origin=origin,
        model=obj._meta.label_lower,
        object_id=str(obj.pk),
        label=(label or str(obj))[:300],
        action=action,
        before=before,
        after=after,
    )


def history(obj: Any, limit: int = 200) -> list[AuditEntry]:
    """The newest entries about a saved model instance, newest first."""
    entries = AuditEntry.objects.filter(model=obj._meta.label_lower, object_id=str(obj.pk))
    return list(entries.select_related("by")[:limit])
