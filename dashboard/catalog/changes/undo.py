"""Undo a change of an entry: the earlier values in the audit log become the latest ones again.

Only aliases are deleted. A date that is undone becomes a new revision with the earlier value, its source and a
note. A field that has been changed again is not undone.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from dashboard.catalog import snapshot
from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.changes.audit_fields import alias_value, audit_values
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.changes.merge import PLAIN_FIELDS
from dashboard.catalog.choices import MilestoneKind, Precision
from dashboard.catalog.documents import (
    AliasDoc,
    CatalogError,
    Document,
    EntryDoc,
    FilePosition,
    MilestoneDoc,
    Problem,
    RevisionDoc,
)
from dashboard.catalog.messages import Message
from dashboard.catalog.models import Entry
from dashboard.core import audit
from dashboard.core.models import AuditAction, AuditEntry

__all__ = ["DERIVED_FIELDS", "can_undo", "undo"]

ORIGIN = "undo"
DERIVED_FIELDS = frozenset({"source_url", "known_on", "revisions"})
"""Audited values that follow from the other fields, and so from undoing those."""


def can_undo(change: AuditEntry, name: str) -> bool:
    """Whether a field of a change can be undone. `on_sunset` can be changed, but not emptied."""
    old, new = change.before.get(name), change.after.get(name)
    if change.action != AuditAction.CHANGED or old == new or name in DERIVED_FIELDS:
        return False
    return bool(old) if name == "on_sunset" else True


def undo(
    entry: Entry, change: AuditEntry, names: Collection[str] = (), *, now: datetime, today: date, by: Any
) -> list[str]:
    """Undo the change's fields `names` (all of them when empty); return those that were undone.

    Raises CatalogError, and nothing is stored, when a field was changed again since, when none can be
    undone, or when the entry would then break a rule of the catalog.
    """
    with transaction.atomic():
        snapshot.lock()
        key = entry.platform.slug, entry.name
        record = next(doc for doc in load_catalog().document.entries if doc.key == key)
        present = audit_values(record)
        wanted = [n for n, _, _ in change.changes if can_undo(change, n) and (not names or n in names)]
        if not wanted:
            raise _error("nothing_to_undo")
        if moved := next((n for n in wanted if present.get(n) != change.after.get(n)), None):
            raise _error("changed_since", field=moved)
        if "aliases" in wanted:
            _delete_aliases(entry, record, change, now=now, by=by)
        apply_document(Document(entries=[_earlier(record, change, wanted, today)]), now=now, origin=ORIGIN, by=by)
        return wanted


def _earlier(record: EntryDoc, change: AuditEntry, names: Collection[str], today: date) -> EntryDoc:
    """The entry as a document that states the earlier values of the fields `names`."""
    old = {name: change.before.get(name) for name in names}
    plain: dict[str, Any] = {name: old[name] or "" for name in names if name in PLAIN_FIELDS}
    if "released_on" in plain:
        plain["released_on"] = _day(old["released_on"])
    steps = [
        _milestone(name, old[name], change.after.get(name))
        for name in names
        if name not in {*PLAIN_FIELDS, "aliases", "on_sunset", "replacements"}
    ]
    references = None
    if "replacements" in names:
        # With its platform in front, so that no id is mistaken for another platform's.
        references = tuple(f"//{r.get('platform', record.platform)}/{r['id']}" for r in old["replacements"] or ())
    revision = RevisionDoc(
        known_on=today,
        source_url=change.before.get("source_url") or change.after.get("source_url", ""),
        note=f"Undoes the change of {change.at:%Y-%m-%d %H:%M} by {change.by or change.origin} (#{change.pk})",
        milestones=tuple(steps),
        on_sunset=old.get("on_sunset") or "",
        references=references,
    )
    says_something = bool(steps or revision.on_sunset or references is not None)
    return EntryDoc(
        *record.key,
        **plain,
        aliases=tuple(map(_alias, old.get("aliases") or ())),
        history=(revision,) if says_something else (),
        given=frozenset(plain),
    )


def _milestone(name: str, old: Any, new: Any) -> MilestoneDoc:
    """The earlier milestone; where there was none, the later one without its date."""
    value = old or new
    if not isinstance(value, dict) or value.get("kind") not in MilestoneKind.values:
        raise _error("cannot_undo", field=name)
    on = _day(old["on"]) if old else None
    precision = old["precision"] if on else Precision.DAY
    return MilestoneDoc(value["kind"], on, precision, value["region"])


def _alias(value: dict[str, Any]) -> AliasDoc:
    return AliasDoc(value["name"], _day(value["from"]), _day(value["to"]), value["source_url"], value["note"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _delete_aliases(entry: Entry, record: EntryDoc, change: AuditEntry, *, now: datetime, by: Any) -> None:
    """Delete the aliases that the change added."""
    earlier = change.before.get("aliases") or ()
    names = {(a["name"], a["from"]) for a in earlier}
    kept = tuple(a for a in record.aliases if (a.name, alias_value(a)["from"]) in names)
    if len(kept) == len(record.aliases):
        return
    for alias in entry.aliases.all():
        if (alias.name, alias.from_on) not in {(a.name, a.from_on) for a in kept}:
            alias.delete()
    after = audit_values(replace(record, aliases=kept))
    audit.record(entry, before=audit_values(record), after=after, now=now, origin=ORIGIN, by=by)
    snapshot.bump(now)


def _error(code: str, **params: str) -> CatalogError:
    return CatalogError([Problem(FilePosition(), Message(code, **params))])
