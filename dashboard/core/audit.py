"""The audit log: appending entries, and rendering them in the reader's language.

An entry stores an action code and structured values by field name. Text is made when an entry is shown: from
the model's own fields, or by the renderer that a domain registers for its objects.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field
from django.utils.text import capfirst
from django.utils.translation import gettext

from dashboard.core.models import AuditAction, AuditEntry
from dashboard.core.text import mask_values

__all__ = [
    "FieldChange",
    "Renderer",
    "changed_meanwhile",
    "fingerprint",
    "history",
    "masked",
    "record",
    "register_renderer",
    "render_changes",
]


def record(
    obj: Any, *, before: dict, after: dict, now: datetime, origin: str, by: Any = None, label: str = ""
) -> AuditEntry | None:
    """Append what changed on `obj` (a saved model instance); None when nothing changed.

    `before` and `after` are JSON-ready values by field name, stored with secrets masked; an empty `before` means
    added, an empty `after` removed. `label` is the object's name, by default its text.
    """
    if before == after:
        return None
    before, after = masked(before), masked(after)
    action = AuditAction.ADDED if not before else AuditAction.REMOVED if not after else AuditAction.CHANGED
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


def masked(values: dict) -> dict:
    """Audited values with their secrets masked."""
    return {name: mask_values(value, name) for name, value in values.items()}


def history(obj: Any, limit: int = 200) -> list[AuditEntry]:
    """The newest entries about a saved model instance, newest first."""
    entries = AuditEntry.objects.filter(model=obj._meta.label_lower, object_id=str(obj.pk))
    return list(entries.select_related("by")[:limit])


def fingerprint(values: Any) -> str:
    """Changes with `values`, JSON-ready or printable: the version of an object that a form was made of."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed_meanwhile(obj: Any) -> str:
    """Why a form is refused whose object was changed since: who did what, as far as the audit log knows."""
    refusal = gettext("Somebody changed this while you were editing it. Load the page again and look.")
    newest = next(iter(history(obj, limit=1)), None)
    if newest is None:
        return refusal
    who = newest.by.get_username() if newest.by else newest.origin
    fields = ", ".join(change.label for change in render_changes(newest)[:5])
    last = gettext("The last recorded change: %(who)s, %(at)s UTC: %(fields)s.")
    return f"{refusal} {last % {'who': who, 'at': f'{newest.at:%Y-%m-%d %H:%M}', 'fields': fields}}"


class Renderer:
    """Renders the audited values of one model: labels and choices come from the model's fields."""

    def __init__(self, model: str) -> None:
        self.model = model
        """`app_label.model_name`."""

    def label(self, name: str, value: Any) -> str:  # noqa: ARG002  subclasses look at the value
        """The field's name as people write it; `value` is one that it had."""
        field = self._field(name)
        return str(capfirst(gettext(str(field.verbose_name) if field else name.replace("_", " "))))

    def text(self, name: str, value: Any) -> str | None:
        """A value as people write it; None where there is none."""
        if value is None:
            return None
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, list):
            return ", ".join(str(self.text("", item)) for item in value)
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False)
        field = self._field(name)
        return str(dict(field.flatchoices).get(value, value)) if field else str(value)

    def _field(self, name: str) -> Field | None:
        try:
            field = apps.get_model(self.model)._meta.get_field(name)
        except (FieldDoesNotExist, LookupError, ValueError):
            return None
        return field if isinstance(field, Field) else None


_renderers: dict[str, Renderer] = {}


def register_renderer(renderer: Renderer) -> None:
    """Have `renderer` render the entries about its model."""
    _renderers[renderer.model] = renderer


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an entry: its stored name, and label and values in the reader's language."""

    name: str
    label: str
    before: str | None
    after: str | None


def render_changes(entry: AuditEntry) -> list[FieldChange]:
    """What differs between the values of an entry (which need not be saved), in the reader's language."""
    renderer = _renderers.get(entry.model) or Renderer(entry.model)
    return [
        FieldChange(
            name,
            renderer.label(name, new if old is None else old),
            renderer.text(name, mask_values(old, name)),
            renderer.text(name, mask_values(new, name)),
        )
        for name, old, new in entry.changes
    ]
