"""Catalog entries in the audit log: their values as structured data, and how a reader sees them."""

from collections.abc import Callable
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from dashboard.catalog.changes.merge import PLAIN_FIELDS
from dashboard.catalog.changes.validate import latest_state
from dashboard.catalog.choices import MilestoneKind, OnSunset, Precision
from dashboard.catalog.documents import AliasDoc, EntryDoc, Key, MilestoneDoc
from dashboard.core.audit import Renderer

__all__ = ["ENTRY_MODEL", "EntryRenderer", "alias_value", "audit_values", "milestone_field"]

ENTRY_MODEL = "catalog.entry"
"""The audit log's name for an entry, its aliases and its history included."""
LABELS = {
    "aliases": gettext_noop("aliases"),
    "known_on": gettext_noop("known on"),
    "on_sunset": gettext_noop("on sunset"),
    "replacements": gettext_noop("replacements"),
    "revisions": gettext_noop("revisions"),
    "source_url": gettext_noop("source"),
}


def audit_values(entry: EntryDoc) -> dict[str, Any]:
    """The entry's own fields and its latest state, JSON-ready; empty values are left out.

    Each milestone is a field of its own (`milestone_field`) with `{"kind", "region", "on", "precision"}`, `on`
    null once it is withdrawn. `aliases` are `{"name", "from", "to", "source_url", "note"}`, `replacements`
    `{"id"}` with a `"platform"` where that is another one. Days are ISO 8601.
    """
    state = latest_state(entry)
    values: dict[str, Any] = {name: getattr(entry, name) for name in PLAIN_FIELDS}
    values["released_on"] = _iso(entry.released_on)
    values["aliases"] = [alias_value(alias) for alias in entry.aliases]
    values |= {milestone_field(*key): _milestone_value(state.steps[key]) for key in sorted(state.steps)}
    values["on_sunset"] = state.on_sunset
    values["replacements"] = [_replacement_value(key, entry.platform) for key in state.replacements]
    values["source_url"] = state.source_url
    values["known_on"] = _iso(state.known_on)
    values["revisions"] = len(entry.history)
    return {name: value for name, value in values.items() if value not in (None, "", [], 0)}


def milestone_field(kind: str, region: str) -> str:
    """The field of one kind of milestone, worldwide or in a region. The name is never parsed."""
    return f"{kind}@{region}" if region else kind


def alias_value(alias: AliasDoc) -> dict[str, Any]:
    return {
        "name": alias.name,
        "from": _iso(alias.from_on),
        "to": _iso(alias.to_on),
        "source_url": alias.source_url,
        "note": alias.note,
    }


def _milestone_value(step: MilestoneDoc) -> dict[str, Any]:
    return {"kind": step.kind, "region": step.region, "on": _iso(step.on), "precision": step.precision}


def _replacement_value(key: Key, platform: str) -> dict[str, str]:
    return {"id": key[1]} if key[0] == platform else {"platform": key[0], "id": key[1]}


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


class EntryRenderer(Renderer):
    """Renders entries: milestones, aliases and replacements as text."""

    def label(self, name: str, value: Any) -> str:
        if isinstance(value, dict) and value.get("kind") in MilestoneKind.values:
            kind = str(MilestoneKind(value["kind"]).label)
            return f"{kind} ({value['region']})" if value.get("region") else kind
        return str(capfirst(gettext(LABELS[name]))) if name in LABELS else super().label(name, value)

    def text(self, name: str, value: Any) -> str | None:
        if value is None:
            return None
        if name == "on_sunset" and value in OnSunset.values:
            return str(OnSunset(value).label)
        if isinstance(value, dict) and "kind" in value:
            return _milestone_text(value)
        if write := ITEMS.get(name):
            return ", ".join(map(write, value))
        return super().text(name, value)


def _milestone_text(value: dict[str, Any]) -> str:
    if not value["on"]:
        return gettext("no date")
    precision = value["precision"]
    if precision == Precision.DAY or precision not in Precision.values:
        return str(value["on"])
    return f"{value['on']} ({Precision(precision).label})"


def _alias_text(value: dict[str, Any]) -> str:
    """`gpt-4-latest [2023-06-01..2024-05-31] <https://example.com> "moved"`, without what is empty."""
    first, last = value.get("from"), value.get("to")
    parts = [
        value["name"],
        f"[{first or ''}..{last or ''}]" if first or last else "",
        f"<{value['source_url']}>" if value.get("source_url") else "",
        f'"{value["note"]}"' if value.get("note") else "",
    ]
    return " ".join(part for part in parts if part)


def _replacement_text(value: dict[str, str]) -> str:
    return f"{value['platform']}/{value['id']}" if "platform" in value else value["id"]


ITEMS: dict[str, Callable[[dict[str, Any]], str]] = {"aliases": _alias_text, "replacements": _replacement_text}
