"""Writing a merge plan to the database in few statements, each change with its line in the audit log."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dashboard.catalog.changes import platforms_vendors
from dashboard.catalog.changes.audit_fields import ENTRY_MODEL, audit_values
from dashboard.catalog.changes.merge import PLAIN_FIELDS, EntryChange, Plan
from dashboard.catalog.documents import Key
from dashboard.catalog.models import Alias, Entry, Milestone, Replacement, Revision
from dashboard.core.models import AuditAction, AuditEntry

__all__ = ["save_plan"]

BATCH = 500


def save_plan(plan: Plan, pks: dict[Key, int], *, now: datetime, origin: str, by: Any = None) -> None:
    """Store a plan without problems. `pks` are the primary keys of the entries that exist, and gains new ones."""
    platforms, vendors = platforms_vendors.save_platforms_vendors(plan, now=now, origin=origin, by=by)
    _store_entries(plan, pks, platforms, vendors)
    _store_aliases(plan, pks, platforms)
    _store_revisions(plan, pks, now=now, origin=origin, by=by)
    _store_audit(plan, pks, now=now, origin=origin, by=by)


def _store_entries(plan: Plan, pks: dict[Key, int], platforms: dict[str, int], vendors: dict[str, int]) -> None:
    added, updated = [], []
    for change in plan.changes:
        after = change.after
        row = Entry(
            pk=pks.get(after.key),
            platform_id=platforms[after.platform],
            name=after.id,
            vendor_id=vendors[after.vendor] if after.vendor else None,
            kind=after.kind,
            released_on=after.released_on,
            confidence=after.confidence,
            note=after.note,
        )
        if not change.before:
            added.append(row)
        elif any(getattr(change.before, name) != getattr(after, name) for name in PLAIN_FIELDS):
            updated.append(row)
    Entry.objects.bulk_create(added, batch_size=BATCH)
    Entry.objects.bulk_update(updated, list(PLAIN_FIELDS), batch_size=BATCH)
    slugs = {pk: slug for slug, pk in platforms.items()}
    pks.update({(slugs[row.platform_id], row.name): row.pk for row in added})


def _store_aliases(plan: Plan, pks: dict[Key, int], platforms: dict[str, int]) -> None:
    added = []
    for change in plan.changes:
        known = {(alias.name, alias.from_on) for alias in change.before.aliases} if change.before else set()
        entry, platform = pks[change.after.key], platforms[change.after.platform]
        for alias in change.aliases:
            values = {"to_on": alias.to_on, "source_url": alias.source_url, "note": alias.note}
            if (alias.name, alias.from_on) in known:
                Alias.objects.filter(entry_id=entry, name=alias.name, from_on=alias.from_on).update(**values)
            else:
                added.append(
                    Alias(entry_id=entry, platform_id=platform, name=alias.name, from_on=alias.from_on, **values)
                )
    Alias.objects.bulk_create(added, batch_size=BATCH)


def _store_revisions(plan: Plan, pks: dict[Key, int], *, now: datetime, origin: str, by: Any) -> None:
    pairs = [
        (
            Revision(
                entry_id=pks[change.after.key],
                known_on=doc.known_on,
                source_url=doc.source_url,
                source_day=doc.source_day,
                note=doc.note,
                on_sunset=doc.on_sunset,
                sets_replacements=doc.replacements is not None,
                origin=origin,
                by=by,
                recorded_at=now,
            ),
            doc,
        )
        for change in plan.changes
        for doc in change.revisions
    ]
    Revision.objects.bulk_create([row for row, _ in pairs], batch_size=BATCH)
    Milestone.objects.bulk_create(
        [
            Milestone(revision=row, kind=step.kind, region=step.region, on=step.on, precision=step.precision)
            for row, doc in pairs
            for step in doc.milestones
        ],
        batch_size=BATCH,
    )
    Replacement.objects.bulk_create(
        [
            Replacement(revision=row, position=position, entry_id=pks[key])
            for row, doc in pairs
            for position, key in enumerate(doc.replacements or ())
        ],
        batch_size=BATCH,
    )


def _store_audit(plan: Plan, pks: dict[Key, int], *, now: datetime, origin: str, by: Any) -> None:
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(
                at=now,
                by=by,
                origin=origin,
                model=ENTRY_MODEL,
                object_id=str(pks[change.after.key]),
                label="/".join(change.after.key)[:300],
                action=AuditAction.CHANGED if change.before else AuditAction.ADDED,
                before=before,
                after=after,
            )
            for change, before, after in _audited(plan)
        ],
        batch_size=BATCH,
    )


def _audited(plan: Plan) -> Iterator[tuple[EntryChange, dict, dict]]:
    for change in plan.changes:
        before, after = audit_values(change.before) if change.before else {}, audit_values(change.after)
        if before != after:
            yield change, before, after
