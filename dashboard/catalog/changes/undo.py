"""Taking back a change of an entry: what the audit log says was there before is said again.

Nothing is deleted but aliases: a date that is taken back becomes a new revision with the earlier value,
the source of that value and a note. A point that has been changed since is left alone, with a reason.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction

from dashboard.catalog import snapshot
from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.changes.merge import PLAIN_FIELDS
from dashboard.catalog.changes.save import audit_values
from dashboard.catalog.choices import MilestoneKind
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
from dashboard.catalog.models import Entry
from dashboard.core import audit
from dashboard.core.models import AuditEntry

__all__ = ["DERIVED_FIELDS", "can_undo", "undo"]

ORIGIN = "undo"
DERIVED_FIELDS = frozenset({"source", "known_on", "revisions"})
"""What the audit log tells along with a change, and what follows from undoing the rest."""

STEP = re.compile(r"(?P<kind>[a-z_]+)(?: \((?P<region>.+)\))?")
DAY = re.compile(r"(?P<on>\d{4}-\d{2}-\d{2})(?: \((?P<precision>[a-z_]+)\))?")
ALIAS = re.compile(
    r"(?P<name>.+?)(?: \[(?P<first>[-\d]*)\.\.(?P<last>[-\d]*)\])?"
    r'(?: <(?P<source>[a-z]+://[^<>\s]+)>)?(?: "(?P<note>.*)")?',
    re.DOTALL,
)


@dataclass(slots=True)
class _Back:
    """What has to be said to be where the entry was."""

    plain: dict[str, Any] = field(default_factory=dict)
    steps: list[MilestoneDoc] = field(default_factory=list)
    on_sunset: str = ""
    replacements: tuple[str, ...] | None = None
    added: list[AliasDoc] = field(default_factory=list)
    removed: list[AliasDoc] = field(default_factory=list)

    @property
    def speaks(self) -> bool:
        return bool(self.steps or self.on_sunset or self.replacements is not None)


def can_undo(change: AuditEntry, name: str) -> bool:
    """Whether a field of a change can be taken back at all."""
    changed = change.action == "changed" and change.before.get(name) != change.after.get(name)
    unsaid = name == "on_sunset" and not change.before.get(name)
    return changed and name not in DERIVED_FIELDS and not unsaid


def undo(
    entry: Entry, change: AuditEntry, names: Collection[str] = (), *, now: datetime, today: date, by: Any
) -> list[str]:
    """Take back the change's fields `names` (all of them when empty); return those that were.

    Raises CatalogError, and nothing is stored, when a field was changed again since, when none can be
    taken back, or when the entry would then break a rule of the catalog.
    """
    with transaction.atomic():
        snapshot.lock()
        record = next(
            doc for doc in load_catalog().document.entries if doc.key == (entry.platform.slug, entry.name)
        )
        present = audit_values(record)
        wanted = [
            name
            for name, _before, _after in change.changes
            if can_undo(change, name) and (not names or name in names)
        ]
        if not wanted:
            raise _refusal("nothing of this change can be taken back")
        for name in wanted:
            if present.get(name) != change.after.get(name):
                raise _refusal(f"{name} was changed again since: undo that change first")
        back = _back(change, wanted)
        if back.removed:
            _remove(entry, record, back.removed, now=now, by=by)
        doc = EntryDoc(
            entry.platform.slug,
            entry.name,
            **back.plain,
            aliases=tuple(back.added),
            history=(_revision(change, back, today),) if back.speaks else (),
            given=frozenset(back.plain),
        )
        apply_document(Document(entries=[doc]), now=now, origin=ORIGIN, by=by)
        return wanted


def _back(change: AuditEntry, names: Iterable[str]) -> _Back:
    back = _Back()
    for name in names:
        old, new = change.before.get(name), change.after.get(name)
        if name in PLAIN_FIELDS:
            back.plain[name] = _plain(name, old)
        elif name == "aliases":
            before, after = list(old or []), list(new or [])
            back.added = [_alias(text) for text in before if text not in after]
            back.removed = [_alias(text) for text in after if text not in before]
        elif name == "on_sunset":
            back.on_sunset = old
        elif name == "replacements":
            back.replacements = tuple(old or ())
        else:
            back.steps.append(_step(name, old))
    return back


def _plain(name: str, value: Any) -> Any:
    if name == "released_on":
        return date.fromisoformat(value) if value else None
    return value or ""


def _step(name: str, value: str | None) -> MilestoneDoc:
    """A step as `facts` tells it: `sunset (us-east-1)` and `2024-01-04 (month)`."""
    found, day = STEP.fullmatch(name), DAY.fullmatch(value or "")
    if not found or found["kind"] not in MilestoneKind.values:
        raise _refusal(f"{name} cannot be taken back")
    if not day:
        return MilestoneDoc(found["kind"], None, region=found["region"] or "")
    return MilestoneDoc(
        found["kind"], date.fromisoformat(day["on"]), day["precision"] or "day", found["region"] or ""
    )


def _alias(text: str) -> AliasDoc:
    """An alias as `facts` tells it: its name, and its days, source and note where it has them."""
    if not (found := ALIAS.fullmatch(text)):
        return AliasDoc(text)
    first, last = (date.fromisoformat(day) if day else None for day in (found["first"], found["last"]))
    return AliasDoc(found["name"], first, last, found["source"] or "", found["note"] or "")


def _revision(change: AuditEntry, back: _Back, today: date) -> RevisionDoc:
    """Today's word, with the source of the value that holds again."""
    source = change.before.get("source") or change.after.get("source", "")
    return RevisionDoc(
        known_on=today,
        source_url=source,
        note=f"Undoes the change of {change.at:%Y-%m-%d %H:%M} by {change.by or change.origin}",
        milestones=tuple(back.steps),
        on_sunset=back.on_sunset,
        references=back.replacements,
    )


def _remove(entry: Entry, record: EntryDoc, aliases: Iterable[AliasDoc], *, now: datetime, by: Any) -> None:
    gone = {(alias.name, alias.from_on) for alias in aliases}
    for alias in entry.aliases.all():
        if (alias.name, alias.from_on) in gone:
            alias.delete()
    kept = tuple(alias for alias in record.aliases if (alias.name, alias.from_on) not in gone)
    audit.record(
        entry,
        before=audit_values(record),
        after=audit_values(replace(record, aliases=kept)),
        now=now,
        origin=ORIGIN,
        by=by,
    )
    snapshot.bump(now)


def _refusal(message: str) -> CatalogError:
    return CatalogError([Problem(FilePosition(), message)])
