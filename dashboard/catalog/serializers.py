"""The catalog as known on a day, serialized for the API and the JSON export."""

from datetime import date
from functools import lru_cache
from typing import Any

from dashboard.catalog import snapshot as snapshots
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.documents import (
    AliasDoc,
    Document,
    EntryDoc,
    Key,
    RevisionDoc,
    entry_reference,
    with_references,
)
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import CatalogVersion
from dashboard.catalog.snapshot import Snapshot

__all__ = ["EntryDetails", "entry_details", "export", "model_json", "replacement_ids"]


EntryDetails = dict[Key, EntryDoc]


def entry_details() -> EntryDetails:
    """Aliases, notes and history of every entry by (platform, id); kept until the catalog changes."""
    token = CatalogVersion.objects.values_list("token", flat=True).first() or ""
    return _details(token) if token else _by_key(load_catalog().document)


@lru_cache(maxsize=1)
def _details(token: str) -> dict[Key, EntryDoc]:  # noqa: ARG001  the token is the key
    return _by_key(load_catalog().document)


def _by_key(document: Document) -> dict[Key, EntryDoc]:
    return {entry.key: entry for entry in with_references(document).entries}


def replacement_ids(state: EntryState, snapshot: Snapshot) -> list[str]:
    """Recommended replacements in order: the id, with its platform in front when that is another."""
    return [entry_reference((entry.platform, entry.id), state.platform) for entry in snapshot.replacements(state)]


def model_json(
    state: EntryState, snapshot: Snapshot, entry: EntryDoc | None = None, *, all_revisions: bool = False
) -> dict[str, Any]:
    """One item of `GET /api/v1/models`: nothing in it was learned after the snapshot's day.

    `entry` is the entry's record of `details()`, looked up when not given. Days are dates, for the
    encoder to write. `all_revisions` also lists those learned later, and aliases that start later (the
    export is lossless).
    """
    entry = entry or entry_details()[state.platform, state.id]
    history = [r for r in entry.history if all_revisions or r.known_on <= state.as_of]
    aliases = [a for a in entry.aliases if all_revisions or not a.from_on or a.from_on <= state.as_of]
    return {
        "platform": state.platform,
        "platform_name": state.platform_name,
        "id": state.id,
        "vendor": state.vendor or None,
        "kind": state.kind,
        "stage": state.stage,
        "announced_on": state.announced_on,
        "legacy_on": state.legacy_on,
        "sunset_date": state.sunset_on,
        "sunset_precision": state.sunset_precision or None,
        "on_sunset": state.on_sunset or None,
        "replacements": replacement_ids(state, snapshot),
        "aliases": sorted({alias.name for alias in aliases}),
        "milestones": [
            {
                "kind": step.kind,
                "region": step.region or None,
                "on": step.on,
                "precision": step.precision,
                "source_url": step.source_url,
            }
            for step in sorted(state.steps, key=lambda s: (s.on or date.max, s.kind, s.region))
        ],
        "source_url": state.source_url or None,
        "revisions": [revision_json(revision, revision.references) for revision in history],
        "released_on": entry.released_on,
        "confidence": entry.confidence,
        "note": entry.note,
        "alias_details": [alias_json(alias) for alias in aliases],
    }


def alias_json(alias: AliasDoc) -> dict[str, Any]:
    return {
        "name": alias.name,
        "from": alias.from_on,
        "to": alias.to_on,
        "source_url": alias.source_url,
        "note": alias.note,
    }


def revision_json(revision: RevisionDoc, references: tuple[str, ...] | None) -> dict[str, Any]:
    """A revision in the API's shape; `replacements` null leaves them as they were."""
    return {
        "known_on": revision.known_on,
        "source_url": revision.source_url,
        "source_day": revision.source_day,
        "note": revision.note,
        "on_sunset": revision.on_sunset or None,
        "replacements": None if references is None else list(references),
        "milestones": [
            {"kind": step.kind, "region": step.region, "on": step.on, "precision": step.precision}
            for step in revision.milestones
        ],
    }


def export(as_of: date) -> list[dict[str, Any]]:
    """Every entry in the API's shape, with what an import needs to lose nothing."""
    snapshot = snapshots.load(as_of)
    document = load_catalog().document
    records = _by_key(document)
    items = []
    for state in snapshot.entries.values():
        platform = document.platforms[state.platform]
        item = model_json(state, snapshot, records[state.platform, state.id], all_revisions=True)
        item["vendor_name"] = document.vendors.get(state.vendor)
        item["platform_details"] = {
            "name": platform.name,
            "url": platform.url,
            "case_sensitive": platform.case_sensitive,
        }
        items.append(item)
    return items
