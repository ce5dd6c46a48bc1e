"""The whole catalog as known on a day, in memory, for rules, name resolution and pages.

A catalog holds a few thousand entries, so all of it is loaded, in a few queries, and cached until the
catalog changes (`CatalogVersion`). This is the only way the rest of Sundial reads lifecycles.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, lru_cache
from itertools import groupby

from django.db.models import F

from dashboard.catalog.lifecycle import EntryState, Step, earliest
from dashboard.catalog.models import Alias, CatalogVersion, Entry, Milestone, Platform, Replacement, Revision
from dashboard.catalog.names.resolve import NameIndex, suggest
from dashboard.catalog.regions import due_date_varies

__all__ = ["Deadline", "Snapshot", "bump", "load", "lock", "token", "version"]

MAX_CACHED_NAMES = 2000
"""Names whose similar ids a snapshot caches."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """All entries of one platform with the same sunset date, as known on a day."""

    platform: str
    sunset_on: date
    as_of: date
    entries: tuple[EntryState, ...]
    """At least one."""

    @property
    def platform_name(self) -> str:
        """The platform's display name (`OpenAI API`)."""
        return self.entries[0].platform_name

    @property
    def key(self) -> tuple[str, date]:
        return self.platform, self.sunset_on

    @property
    def days_left(self) -> int:
        return (self.sunset_on - self.as_of).days

    @property
    def known_on(self) -> date:
        """The first day on which any of its entries had a sunset announced."""
        return min(e.first_known_on for e in self.entries if e.first_known_on)


@dataclass(frozen=True)
class Snapshot:
    """Every catalog entry as known on `as_of`. `version` is the catalog's at loading.

    `entries` also has entries that were not known on that day, without steps, so that calls counted for them
    can be named; iterating skips them.
    """

    as_of: date
    version: int
    entries: dict[int, EntryState]
    names: NameIndex
    by_key: dict[tuple[str, str], int] = field(repr=False)
    platform_names: dict[str, str] = field(default_factory=dict, repr=False)
    """Display name by slug, of every platform in the catalog."""
    _close: dict[tuple[str, str, int], list[int]] = field(default_factory=dict, repr=False, compare=False)

    def platform_name(self, slug: str) -> str:
        """The display name of a platform (`OpenAI API`); its slug where the catalog has no such platform."""
        return self.platform_names.get(slug, slug)

    def get(self, platform: str, entry_id: str) -> EntryState | None:
        """The entry with an id; for an endpoint, the id with or without its leading slash."""
        pk = self.by_key.get((platform, entry_id)) or self.by_key.get((platform, f"/{entry_id}"))
        return self.entries.get(pk) if pk else None

    def __iter__(self) -> Iterator[EntryState]:
        """The entries that were known on the day, by platform and id."""
        return (entry for entry in self.entries.values() if entry.is_known)

    @cached_property
    def retiring(self) -> dict[int, EntryState]:
        """Entries whose sunset is announced or past, by primary key."""
        return {pk: e for pk, e in self.entries.items() if e.is_retiring}

    @cached_property
    def varying(self) -> dict[int, EntryState]:
        """Retiring entries whose end is not the same for everybody who calls them (`regions.due`)."""
        return {pk: e for pk, e in self.retiring.items() if due_date_varies(e)}

    @cached_property
    def deadlines(self) -> dict[tuple[str, date], Deadline]:
        """Announced and past deadlines by (platform, sunset date), soonest first. Floors are no deadlines."""
        groups: dict[tuple[str, date], list[EntryState]] = defaultdict(list)
        for entry in self.retiring.values():
            if entry.sunset_on and entry.sunset_precision != "not_before":
                groups[entry.platform, entry.sunset_on].append(entry)
        return {
            key: Deadline(*key, self.as_of, tuple(sorted(groups[key], key=lambda e: e.id)))
            for key in sorted(groups, key=lambda key: (key[1], key[0]))
        }

    def deadline_of(self, entry: EntryState) -> Deadline | None:
        return self.deadlines.get((entry.platform, entry.sunset_on)) if entry.sunset_on else None

    def close_to(self, name: str, platform: str, most: int) -> list[EntryState]:
        """Entries whose id is similar to an unresolved name; cached per name."""
        key = (name, platform, most)
        if key not in self._close:
            if len(self._close) >= MAX_CACHED_NAMES:
                self._close.clear()
            self._close[key] = [suggestion.entry for suggestion in suggest(name, platform, self.names, most)]
        return [self.entries[pk] for pk in self._close[key]]

    def replacements(self, entry: EntryState) -> list[EntryState]:
        return [self.entries[pk] for pk in entry.replacements if pk in self.entries]


def version() -> int:
    """The catalog's version number; 0 while it is empty."""
    return CatalogVersion.objects.values_list("number", flat=True).first() or 0


def token() -> str:
    """A value that is unique to this state of the catalog; "" while it is empty."""
    return CatalogVersion.objects.values_list("token", flat=True).first() or ""


def lock() -> CatalogVersion:
    """The version's row, held until the transaction ends: catalog changes happen one after the other."""
    CatalogVersion.objects.get_or_create(pk=1)
    return CatalogVersion.objects.select_for_update().get(pk=1)


def bump(now: datetime) -> None:
    """Mark the catalog as changed for every process. Call it in the transaction that changes it."""
    CatalogVersion.objects.get_or_create(pk=1)
    CatalogVersion.objects.update(number=F("number") + 1, token=secrets.token_hex(16), changed_at=now)


def load(as_of: date) -> Snapshot:
    """The catalog as known on `as_of`."""
    number, token = CatalogVersion.objects.values_list("number", "token").first() or (0, "")
    return _load(number, token, as_of) if token else _read(number, as_of)


@lru_cache(maxsize=16)
def _load(version: int, token: str, as_of: date) -> Snapshot:  # noqa: ARG001  the token makes the key unique
    return _read(version, as_of)


def _read(version: int, as_of: date) -> Snapshot:
    platforms = list(Platform.objects.order_by("slug").values_list("slug", "name", "case_sensitive"))
    display = {slug: name or slug for slug, name, _ in platforms}
    steps, sunset_known = _steps(as_of)
    advice, sources = _advice(as_of)
    rows = Entry.objects.values_list(
        "pk", "platform__slug", "name", "vendor__slug", "kind", "confidence", "released_on"
    )
    entries = {
        pk: EntryState(
            pk=pk,
            platform=platform,
            id=name,
            vendor=vendor or "",
            kind=kind,
            confidence=confidence,
            as_of=as_of,
            steps=tuple(steps[pk].values()),
            on_sunset=advice[pk][0],
            replacements=advice[pk][1],
            source_url=_sunset_source(steps[pk]) or sources.get(pk, ""),
            first_known_on=sunset_known.get(pk),
            released_on=released_on,
            is_known=pk in sources or not released_on or released_on <= as_of,
            platform_name=display[platform],
        )
        for pk, platform, name, vendor, kind, confidence, released_on in rows.order_by("platform__slug", "name")
    }
    aliases = Alias.objects.values_list("platform__slug", "name", "from_on", "to_on", "entry_id")
    names = NameIndex(
        entries=((e.platform, e.id, e.pk) for e in entries.values()),
        aliases=aliases,
        case_insensitive=[slug for slug, _, case_sensitive in platforms if not case_sensitive],
    )
    by_key = {(e.platform, e.id): e.pk for e in entries.values()}
    return Snapshot(as_of, version, entries, names, by_key, display)


def _steps(as_of: date) -> tuple[dict[int, dict[tuple[str, str], Step]], dict[int, date]]:
    """Per entry: the latest milestone of each (kind, region), and since when a sunset has been announced.

    A revision applies as a whole: moving a date from one region to another does not interrupt the announcement.
    """
    rows = (
        Milestone.objects.filter(revision__known_on__lte=as_of)
        .order_by("revision__known_on", "revision_id", "id")
        .values_list(
            "revision__entry_id",
            "revision_id",
            "kind",
            "region",
            "on",
            "precision",
            "revision__source_url",
            "revision__known_on",
        )
    )
    steps: dict[int, dict[tuple[str, str], Step]] = defaultdict(dict)
    announced: dict[int, date] = {}
    for (pk, _), milestones in groupby(rows, key=lambda row: row[:2]):
        for _, _, kind, region, on, precision, url, known_on in milestones:
            step = Step(kind=kind, on=on, precision=precision, region=region, source_url=url, known_on=known_on)
            steps[pk][kind, region] = step
        if any(step.announces_sunset for step in steps[pk].values()):
            announced.setdefault(pk, known_on)
        else:
            announced.pop(pk, None)
    return steps, announced


def _sunset_source(steps: dict[tuple[str, str], Step]) -> str:
    sunset = earliest(tuple(steps.values()), "sunset")
    return sunset.source_url if sunset else ""


def _advice(as_of: date) -> tuple[dict[int, tuple[str, tuple[int, ...]]], dict[int, str]]:
    """Per entry: (on_sunset, replacements), and the source address of its latest revision."""
    lists: dict[int, list[int]] = defaultdict(list)
    for revision, entry in Replacement.objects.order_by("revision_id", "position").values_list(
        "revision_id", "entry_id"
    ):
        lists[revision].append(entry)
    on_sunset: dict[int, str] = defaultdict(str)
    replacements: dict[int, tuple[int, ...]] = defaultdict(tuple)
    sources: dict[int, str] = {}
    rows = Revision.objects.filter(known_on__lte=as_of).order_by("known_on", "id")
    for pk, entry, outcome, sets, url in rows.values_list(
        "pk", "entry_id", "on_sunset", "sets_replacements", "source_url"
    ):
        on_sunset[entry] = outcome or on_sunset[entry]
        sources[entry] = url
        if sets:
            replacements[entry] = tuple(lists[pk])
    advice: dict[int, tuple[str, tuple[int, ...]]] = defaultdict(lambda: ("", ()))
    advice.update({entry: (on_sunset[entry], replacements[entry]) for entry in sources})
    return advice, sources
