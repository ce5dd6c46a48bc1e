"""The whole catalog out of the database as a `Document`, in an order that depends on nothing but its content."""

from collections import defaultdict
from dataclasses import dataclass

from dashboard.catalog.documents import AliasDoc, Document, EntryDoc, Key, MilestoneDoc, PlatformDoc, RevisionDoc
from dashboard.catalog.models import Alias, Entry, Milestone, Platform, Replacement, Revision, Vendor

__all__ = ["LoadedCatalog", "load_catalog"]


@dataclass(frozen=True, slots=True)
class LoadedCatalog:
    document: Document
    pks: dict[Key, int]


def load_catalog() -> LoadedCatalog:
    """Everything in eight queries: platforms, vendors and entries by name, history by day and then as stored."""
    keys: dict[int, Key] = {
        pk: (platform, name)
        for pk, platform, name in Entry.objects.order_by().values_list("pk", "platform__slug", "name")
    }
    aliases, history = _aliases(), _history(keys)
    document = Document(
        platforms={
            p.slug: PlatformDoc(p.slug, p.name, p.url, p.case_sensitive) for p in Platform.objects.order_by("slug")
        },
        vendors=dict(Vendor.objects.order_by("slug").values_list("slug", "name")),
    )
    rows = Entry.objects.order_by().values_list("pk", "vendor__slug", "kind", "released_on", "confidence", "note")
    for pk, vendor, kind, released_on, confidence, note in rows:
        platform, name = keys[pk]
        document.entries.append(
            EntryDoc(
                platform=platform,
                id=name,
                vendor=vendor or "",
                kind=kind,
                released_on=released_on,
                confidence=confidence,
                note=note,
                aliases=tuple(aliases[pk]),
                history=tuple(history[pk]),
            )
        )
    document.entries.sort(key=lambda entry: entry.key)
    return LoadedCatalog(document, {key: pk for pk, key in keys.items()})


def _aliases() -> dict[int, list[AliasDoc]]:
    aliases: dict[int, list[AliasDoc]] = defaultdict(list)
    rows = Alias.objects.order_by().values_list("entry_id", "name", "from_on", "to_on", "source_url", "note")
    for entry, name, from_on, to_on, source_url, note in rows:
        aliases[entry].append(AliasDoc(name, from_on, to_on, source_url, note))
    for of_entry in aliases.values():
        of_entry.sort(key=lambda alias: (alias.name, str(alias.from_on or "")))
    return aliases


def _history(keys: dict[int, Key]) -> dict[int, list[RevisionDoc]]:
    steps: dict[int, list[MilestoneDoc]] = defaultdict(list)
    milestones = Milestone.objects.order_by("kind", "region")
    for revision, kind, on, precision, region in milestones.values_list(
        "revision_id", "kind", "on", "precision", "region"
    ):
        steps[revision].append(MilestoneDoc(kind, on, precision, region))
    advised: dict[int, list[Key]] = defaultdict(list)
    for revision, entry in Replacement.objects.order_by("position").values_list("revision_id", "entry_id"):
        advised[revision].append(keys[entry])
    history: dict[int, list[RevisionDoc]] = defaultdict(list)
    rows = Revision.objects.order_by("known_on", "id").values_list(
        "pk", "entry_id", "known_on", "source_url", "source_day", "note", "on_sunset", "sets_replacements"
    )
    for pk, entry, known_on, source_url, source_day, note, on_sunset, sets in rows:
        history[entry].append(
            RevisionDoc(
                known_on=known_on,
                source_url=source_url,
                source_day=source_day,
                note=note,
                milestones=tuple(steps[pk]),
                on_sunset=on_sunset,
                replacements=tuple(advised[pk]) if sets else None,
            )
        )
    return history
