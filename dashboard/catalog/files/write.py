"""From a `Document` to the text of a catalog file: YAML, CSV, and JSON in the API's shape.

Pure. Reading what was written gives the same document, and writing that the same bytes.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml

from dashboard.catalog.documents import (
    AliasDoc,
    Document,
    EntryDoc,
    MilestoneDoc,
    PlatformDoc,
    RevisionDoc,
    with_references,
)
from dashboard.catalog.files.csv_table import write_csv

__all__ = ["to_csv", "to_yaml"]


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes the same day twice as two days, not as an anchor and an alias."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def to_yaml(document: Document) -> str:
    """One YAML document with every platform; empty fields are left out."""
    document = with_references(document)
    content = {
        "platforms": [_platform(platform) for platform in document.platforms.values()],
        "vendors": dict(document.vendors),
        "entries": [_entry(entry) for entry in document.entries],
    }
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def to_csv(document: Document) -> str:
    return write_csv(with_references(document))


def _platform(platform: PlatformDoc) -> dict[str, Any]:
    return _filled(
        {
            "slug": platform.slug,
            "name": platform.name,
            "url": platform.url,
            "case_sensitive": platform.case_sensitive,
        }
    )


def _entry(entry: EntryDoc) -> dict[str, Any]:
    return _filled(
        {
            "platform": entry.platform,
            "id": entry.id,
            "vendor": entry.vendor,
            "kind": entry.kind,
            "released": entry.released_on,
            "confidence": entry.confidence,
            "note": entry.note,
            "aliases": [_alias(alias) for alias in entry.aliases],
            "history": [_revision(revision) for revision in entry.history],
        }
    )


def _alias(alias: AliasDoc) -> dict[str, Any]:
    return _filled(
        {
            "name": alias.name,
            "from": alias.from_on,
            "to": alias.to_on,
            "source": alias.source_url,
            "note": alias.note,
        }
    )


def _revision(revision: RevisionDoc) -> dict[str, Any]:
    written = _filled(
        {
            "known": revision.known_on,
            "source": revision.source_url,
            "source_day": revision.source_day,
            "note": revision.note,
            "milestones": _milestones(revision.milestones),
            "on_sunset": revision.on_sunset,
        }
    )
    if revision.references is not None:
        written["replacements"] = list(revision.references)
    return written


def _milestones(steps: Iterable[MilestoneDoc]) -> dict[str, Any]:
    by_kind: dict[str, list[date | dict[str, Any] | None]] = {}
    for step in steps:
        plain = step.precision == "day" and not step.region
        whole = {"on": step.on, "precision": step.precision, "region": step.region}
        short = {"on": step.on, **{name: text for name, text in whole.items() if text and name != "on"}}
        by_kind.setdefault(step.kind, []).append(step.on if plain else short)
    # A plain day in a list would read as a mapping's place, so lists hold mappings only.
    return {
        kind: days[0] if len(days) == 1 else [day if isinstance(day, dict) else {"on": day} for day in days]
        for kind, days in by_kind.items()
    }


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}
