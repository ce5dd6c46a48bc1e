"""Apply changes to the catalog, from any source: merge, validate, save, audit, bump the version."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from dashboard.catalog import snapshot
from dashboard.catalog.changes import platforms_vendors
from dashboard.catalog.changes.audit_fields import ENTRY_MODEL, audit_values
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.changes.merge import PLAIN_FIELDS, Plan, merge
from dashboard.catalog.changes.save import save_plan
from dashboard.catalog.documents import CatalogError, Document, EntryDoc, Key, Problem, RevisionDoc
from dashboard.catalog.models import Entry
from dashboard.core.audit import render_changes
from dashboard.core.models import AuditAction, AuditEntry

__all__ = ["SHIPPED", "ImportResult", "append_revision", "apply_document", "check_entry"]

SHIPPED = "shipped"
"""The origin of the shipped catalog; it never overrides values of other origins."""


@dataclass(slots=True)
class ImportResult:
    """What changed, or with `dry_run` would change.

    `changes` and `warnings` are lines of text in the active language.
    """

    dry_run: bool = False
    platforms: int = 0
    vendors: int = 0
    entries_added: int = 0
    entries_changed: int = 0
    aliases: int = 0
    revisions: int = 0
    changes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.platforms or self.vendors or self.entries_added or self.entries_changed)


def apply_document(
    incoming: Document, *, now: datetime, origin: str, by: Any = None, dry_run: bool = False
) -> ImportResult:
    """Bring a document into the catalog, whole or not at all. Doing it again changes nothing.

    Raises CatalogError with every problem; then nothing was stored.
    """
    with transaction.atomic():
        snapshot.lock()
        catalog = load_catalog()
        shipped = origin == SHIPPED
        protected = _typed_by_people(catalog.pks) if shipped else frozenset()
        plan = merge(catalog.document, incoming, protected=protected, lenient=shipped)
        if plan.problems:
            raise CatalogError(plan.problems)
        if shipped:
            platforms_vendors.keep_edited_fields(plan, catalog.document, SHIPPED)
        result = _result(plan, catalog.document, dry_run=dry_run)
        if result.changed and not dry_run:
            save_plan(plan, catalog.pks, now=now, origin=origin, by=by)
            snapshot.bump(now)
        return result


def append_revision(
    entry: Entry,
    revision: RevisionDoc,
    *,
    now: datetime,
    origin: str,
    by: Any = None,
    accept_warnings: bool = False,
) -> bool:
    """Append what is now known about an entry; False when that had been recorded already.

    Raises CatalogError when it must not be, and without `accept_warnings` also for warnings.
    """
    document = Document(entries=[EntryDoc(entry.platform.slug, entry.name, history=(revision,))])
    if not accept_warnings and (warnings := _plan(document).warnings):
        raise CatalogError(warnings)
    return apply_document(document, now=now, origin=origin, by=by).changed


def check_entry(entry: EntryDoc) -> tuple[list[Problem], list[Problem]]:
    """(problems, warnings) that storing an entry would meet; nothing is stored."""
    plan = _plan(Document(entries=[entry]))
    return plan.problems, plan.warnings


def _plan(document: Document) -> Plan:
    return merge(load_catalog().document, document)


def _typed_by_people(pks: dict[Key, int]) -> set[tuple[Key, str]]:
    """The plain fields of entries that somebody set: shipped files leave those alone."""
    keys = {str(pk): key for key, pk in pks.items()}
    edits = AuditEntry.objects.filter(model=ENTRY_MODEL).exclude(origin=SHIPPED)
    return {
        (keys[pk], name)
        for pk, before, after in edits.values_list("object_id", "before", "after").iterator()
        if pk in keys
        for name in PLAIN_FIELDS
        if before.get(name) != after.get(name)
    }


def _result(plan: Plan, existing: Document, *, dry_run: bool) -> ImportResult:
    result = ImportResult(
        dry_run=dry_run,
        platforms=len(plan.platforms),
        vendors=len(plan.vendors),
        warnings=[str(warning) for warning in plan.warnings],
    )
    for subject, model, old, new in platforms_vendors.list_changes(plan, existing):
        result.changes.append(_line(subject, model, old, new))
    for change in plan.changes:
        before, after = audit_values(change.before) if change.before else {}, audit_values(change.after)
        result.entries_added += change.before is None
        result.entries_changed += change.before is not None
        result.aliases += len(change.aliases)
        result.revisions += len(change.revisions)
        result.changes.append(_line("/".join(change.after.key), ENTRY_MODEL, before, after))
    return result


def _line(subject: str, model: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    """`openai/ada: Sunset: none → 2024-01-04`, in the active language."""
    if not before:
        return f"{subject}: {AuditAction.ADDED.label}"
    none = gettext("none")
    changes = render_changes(AuditEntry(model=model, before=before, after=after))
    return f"{subject}: " + "; ".join(f"{c.label}: {c.before or none} → {c.after or none}" for c in changes)
