"""The differences between a feed's item and the catalog.

Pure. Two rules: a value where the catalog has none is a first value, any other difference is a change that needs
review; and a floor ("not before") and a firm day are never treated as the same.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard.catalog.changes.validate import LatestState, latest_state
from dashboard.catalog.documents import AliasDoc, Document, EntryDoc, Key, MilestoneDoc, RevisionDoc
from dashboard.catalog.feeds.base import FeedItem
from dashboard.catalog.names.prefixes import strip_prefixes
from dashboard.catalog.names.resolve import NameIndex
from dashboard.catalog.names.spellings import other_spellings

__all__ = ["ALIASES", "ENTRY", "REPLACEMENTS", "CatalogIndex", "FieldDifference", "find_differences", "new_id"]

ALIASES, ENTRY, REPLACEMENTS = "aliases", "entry", "replacements"
"""Fields of a difference besides the kinds of milestones."""


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One difference. `change` is a `Difference` value; `old` and `new` are JSON-ready.

    A step is `{"on": day or None, "precision": value}`, replacements are a list of `platform/id`, aliases a
    list of `{"name", "from", "to"}`, a new entry is `{"kind", "released_on", "steps", "replacements",
    "aliases"}`. `outdated`: the catalog's source was read after the feed's.
    """

    key: Key
    field: str
    region: str
    change: str
    old: Any
    new: Any
    item: FeedItem
    outdated: bool = False


class CatalogIndex:
    """The catalog indexed for comparison: the latest state of each entry, and its names."""

    def __init__(self, document: Document, today: date) -> None:
        self.today = today
        self.platforms = document.platforms
        self.entries: dict[Key, EntryDoc] = {entry.key: entry for entry in document.entries}
        self.coming: frozenset[Key] = frozenset()
        """Entries that the same feed is about to add; items may name them as replacements."""
        self._states: dict[Key, LatestState] = {}
        self._pks = dict(enumerate(self.entries, start=1))
        numbers = {key: pk for pk, key in self._pks.items()}
        self._index = NameIndex(
            entries=((*key, pk) for key, pk in numbers.items()),
            aliases=(
                (entry.platform, alias.name, alias.from_on, alias.to_on, numbers[entry.key])
                for entry in document.entries
                for alias in entry.aliases
            ),
            case_insensitive=(slug for slug, p in document.platforms.items() if not p.case_sensitive),
        )

    def state(self, key: Key) -> LatestState:
        if key not in self._states:
            self._states[key] = latest_state(self.entries[key])
        return self._states[key]

    def find_entry(self, item: FeedItem) -> tuple[Key | None, str]:
        """The entry an item is about; without one, the reason to skip it, or "" for an entry to add."""
        hosts = [platform for platform in (item.platform, *item.also_platforms) if platform in self.platforms]
        if not hosts:
            return None, "platform not in the catalog"
        matches = [self.match_name(platform, item.id) for platform in hosts]
        if key := next((key for key, _ in matches if key), None):
            return key, ""
        if any(how == "alias" for _, how in matches):
            return None, "alias of another model"
        if any(self.has_versions(platform, item.id) for platform in hosts):
            return None, "no version"
        return None, "" if item.may_add and item.platform in self.platforms else "no id to add"

    def match_name(self, platform: str, name: str) -> tuple[Key | None, str]:
        """The entry with an id, in any documented spelling of it, and how: "exact", "alias" or "".

        An item about an alias is not about its entry: an alias may end on another day.
        """
        forms = strip_prefixes((platform, name))
        alias = False
        for form in [*forms, *(other for base in forms for other in other_spellings(base))]:
            match = self._index.find_name(form, self.today) if form[0] == platform else None
            if match and match[1] == "exact":
                return self._pks[match[0]], "exact"
            alias = alias or bool(match)
        return None, "alias" if alias else ""

    def new_aliases(self, item: FeedItem, platform: str) -> list[dict[str, Any]]:
        """The item's aliases that the platform does not have yet; existing names are never moved."""
        return [_alias(alias) for alias in item.aliases if self.match_name(platform, alias.name) == (None, "")]

    def has_versions(self, platform: str, name: str) -> bool:
        """The catalog knows this model by version, and the name has none."""
        version = re.compile(re.escape(name) + r"(?:-\d|@| \(version )", re.IGNORECASE)
        return any(key[0] == platform and version.match(key[1]) for key in self.entries)

    def replacements(self, item: FeedItem) -> tuple[Key, ...]:
        """The feed's replacements that the catalog knows; others cannot be referred to."""
        known: dict[Key, None] = {}
        for text in item.replacements or ():
            host, _, name = text.partition("/")
            for platform, model in ((item.platform, text), (host, name)):
                key = self.match_name(platform, model)[0] or (platform, model)
                if key in self.entries or key in self.coming:
                    if key != item.key:
                        known[key] = None
                    break
        return tuple(known)


def find_differences(item: FeedItem, key: Key | None, known: CatalogIndex) -> Iterator[FieldDifference]:
    """What the catalog would have to change to agree with `item`; `key` is the entry it is about."""
    advised = known.replacements(item)
    if key is None:
        new = {
            "kind": item.kind or "other",
            "released_on": item.released_on.isoformat() if item.released_on else None,
            "steps": [
                {"kind": step.kind, "region": step.region, **_value(step)}
                for step in map(_stored, item.steps)
                if step.on
            ],
            "replacements": ["/".join(reference) for reference in advised],
            "aliases": known.new_aliases(item, item.platform),
        }
        yield FieldDifference((item.platform, new_id(item)), ENTRY, "", "new", None, new, item)
        return
    state = known.state(key)
    for step in item.steps:
        old, revision = _current_step(state, step)
        if change := _change(old, step, known.today):
            was, becomes = _value(old) if old else None, _value(_stored(step, old))
            late = _read_later(revision, item)
            yield FieldDifference(key, step.kind, step.region, change, was, becomes, item, late)
    if advised and set(advised) != set(state.replacements) and key not in advised:
        revision = state.set_by.get(REPLACEMENTS)
        old_ids = ["/".join(reference) for reference in state.replacements]
        new_ids = ["/".join(reference) for reference in advised]
        change = "replaced" if revision else "first"
        yield FieldDifference(
            key,
            REPLACEMENTS,
            "",
            change,
            old_ids if revision else None,
            new_ids,
            item,
            _read_later(revision, item),
        )
    if aliases := known.new_aliases(item, key[0]):
        present = [_alias(alias) for alias in known.entries[key].aliases]
        yield FieldDifference(key, ALIASES, "", "first", present or None, aliases, item)


def new_id(item: FeedItem) -> str:
    """The id of an entry to make: Azure's `name@version` as the catalog writes versions."""
    model, at, version = item.id.partition("@")
    if item.platform != "azure-openai" or not at:
        return item.id
    return f"{model} (version {version})" if version.isdigit() and len(version) < 3 else f"{model}-{version}"


def _current_step(state: LatestState, step: MilestoneDoc) -> tuple[MilestoneDoc | None, RevisionDoc | None]:
    """The catalog's milestone that a step is compared with, and the revision that set it.

    Where the catalog only has days by region, a worldwide day is compared with the region of the same day.
    """
    exact = state.steps.get((step.kind, step.region))
    if exact or step.region:
        return exact, state.set_by.get((step.kind, step.region))
    regional = [(key, old) for key, old in state.steps.items() if key[0] == step.kind and old.on]
    if not regional:
        return None, None
    key, old = next(
        (pair for pair in regional if pair[1].on == step.on), max(regional, key=lambda p: p[1].on or date.min)
    )
    return old, state.set_by[key]


def _change(old: MilestoneDoc | None, new: MilestoneDoc, today: date) -> str:
    """The kind of difference between two values of one milestone; "" when they agree."""
    if old is None:
        return "first" if new.on else ""
    if old.on is None:
        return "moved" if new.on else ""
    floor = old.precision == "not_before"
    if new.on is None:
        # What has ended stays ended, and a floor was never an announcement.
        return "" if floor or old.on <= today else "withdrawn"
    if not new.precision:
        return "" if old.on == new.on else "moved"
    if floor != (new.precision == "not_before"):
        if floor:
            return "sharpened"
        return "" if new.on <= old.on else "moved"
    if _covers(old, new.on) or _covers(new, old.on):
        sharper = ["tentative", "month", "day"]
        return "sharpened" if not floor and sharper.index(new.precision) > sharper.index(old.precision) else ""
    return "moved"


def _covers(step: MilestoneDoc, on: date) -> bool:
    """`on` is the step's day, or a day of its month."""
    if step.precision != "month" or not step.on:
        return step.on == on
    last = step.on.replace(day=calendar.monthrange(step.on.year, step.on.month)[1])
    return step.on.replace(day=1) <= on <= last


def _stored(step: MilestoneDoc, old: MilestoneDoc | None = None) -> MilestoneDoc:
    """The step as stored: an unknown precision becomes the catalog's, or "not before"."""
    precision = step.precision or (old.precision if old and old.on else "not_before")
    return MilestoneDoc(step.kind, step.on, precision if step.on else "day", step.region)


def _value(step: MilestoneDoc) -> dict[str, Any]:
    return {"on": step.on.isoformat() if step.on else None, "precision": step.precision}


def _alias(alias: AliasDoc) -> dict[str, Any]:
    first, last = (day.isoformat() if day else None for day in (alias.from_on, alias.to_on))
    return {"name": alias.name, "from": first, "to": last}


def _read_later(revision: RevisionDoc | None, item: FeedItem) -> bool:
    """Whether the catalog's source was read after the feed's."""
    return bool(revision and item.seen_on and (revision.source_day or revision.known_on) > item.seen_on)
