"""Platforms and vendors that a document brings: what would change, and writing it with its audit lines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from dashboard.catalog.changes.merge import Plan
from dashboard.catalog.documents import Document, PlatformDoc
from dashboard.catalog.models import Platform, Vendor
from dashboard.core import audit
from dashboard.core.models import AuditEntry

__all__ = ["keep_edited_fields", "list_changes", "save_platforms_vendors"]

PLATFORM_MODEL, VENDOR_MODEL = "catalog.platform", "catalog.vendor"
FIELDS = ("name", "url", "case_sensitive")
"""What there is to a platform besides its slug."""


def list_changes(plan: Plan, existing: Document) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """(subject, model, values before, values after) of each platform and vendor; a new one has {} before."""
    for doc in plan.platforms:
        known = existing.platforms.get(doc.slug)
        yield f"platform {doc.slug}", PLATFORM_MODEL, _values(known) if known else {}, _values(doc)
    for slug, name in plan.vendors.items():
        known_as = existing.vendors.get(slug)
        yield f"vendor {slug}", VENDOR_MODEL, {"name": known_as} if known_as else {}, {"name": name}


def keep_edited_fields(plan: Plan, existing: Document, shipped: str) -> None:
    """Take out of a plan of shipped files what somebody else has set: it is theirs."""
    platforms, vendors = _typed(Platform, shipped), _typed(Vendor, shipped)
    kept = []
    for doc in plan.platforms:
        known = existing.platforms.get(doc.slug)
        if known:
            doc = replace(doc, **{name: getattr(known, name) for name in platforms.get(doc.slug, ())})
        if doc != known:
            kept.append(doc)
    plan.platforms = kept
    plan.vendors = {slug: name for slug, name in plan.vendors.items() if slug not in vendors}


def _typed(model: type[Platform] | type[Vendor], shipped: str) -> dict[str, set[str]]:
    """Fields by slug that the audit log has somebody but the shipped files set last or ever."""
    slugs = {str(pk): slug for pk, slug in model._default_manager.values_list("pk", "slug")}
    edits = AuditEntry.objects.filter(model=model._meta.label_lower).exclude(origin=shipped)
    edited: dict[str, set[str]] = {}
    for edit in edits.iterator():
        if slug := slugs.get(edit.object_id):
            edited.setdefault(slug, set()).update(name for name, _before, _after in edit.changes if name in FIELDS)
    return edited


def save_platforms_vendors(
    plan: Plan, *, now: datetime, origin: str, by: Any
) -> tuple[dict[str, int], dict[str, int]]:
    """Write both; primary keys of all platforms and of all vendors by slug."""
    known = {platform.slug: platform for platform in Platform.objects.all()}
    for doc in plan.platforms:
        _write(known.get(doc.slug) or Platform(slug=doc.slug), _values(doc), now=now, origin=origin, by=by)
    makers = {vendor.slug: vendor for vendor in Vendor.objects.all()}
    for slug, name in plan.vendors.items():
        _write(makers.get(slug) or Vendor(slug=slug), {"name": name}, now=now, origin=origin, by=by)
    return dict(Platform.objects.values_list("slug", "pk")), dict(Vendor.objects.values_list("slug", "pk"))


def _values(doc: PlatformDoc) -> dict[str, Any]:
    return {name: getattr(doc, name) for name in FIELDS}


def _write(row: Platform | Vendor, values: dict[str, Any], *, now: datetime, origin: str, by: Any) -> None:
    """The audit line has the columns that the admin's has, so that the admin can take it back."""
    before = {"slug": row.slug} | {name: getattr(row, name) for name in values} if row.pk else {}
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    audit.record(row, before=before, after={"slug": row.slug} | values, now=now, origin=origin, by=by)
