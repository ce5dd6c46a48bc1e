"""The shipped catalog as its YAML files stand, and the rules that they keep.

Reads the files themselves, without the importer or a database, so that a rule holds whatever the importer
does. A rule takes the entries of all files and returns complaints, each naming file and entry.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from dashboard.catalog.choices import Confidence, Kind, MilestoneKind, OnSunset, Precision

__all__ = ["AS_OF", "DATA", "RULES", "Milestone", "Shipped", "read", "shipped"]

DATA = Path(__file__).parents[2] / "dashboard" / "catalog" / "data"
AS_OF = date(2026, 11, 22)
"""The day to which the shipped catalog was gathered."""

FIELDS = {
    "file": {"platform", "vendors", "entries"},
    "platform": {"slug", "name", "url", "case_sensitive"},
    "entry": {"id", "vendor", "kind", "released", "confidence", "note", "aliases", "history"},
    "alias": {"name", "from", "to", "source", "note"},
    "revision": {"known", "source", "source_day", "note", "milestones", "on_sunset", "replacements"},
    "milestone": {"on", "precision", "region"},
}


class _Reader(yaml.CSafeLoader):
    """YAML as the catalog writes it: `on` is a field name, not a truth value."""


_Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if first in "tfTF" or not tag.endswith(":bool")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Milestone:
    kind: str
    on: Any
    precision: str = "day"
    region: str = ""


@dataclass(frozen=True, slots=True)
class Shipped:
    """One entry as its file has it."""

    file: str
    platform: str
    folds: bool
    vendors: frozenset[str]
    raw: dict[str, Any]

    @property
    def id(self) -> str:
        return self.raw["id"]

    @property
    def key(self) -> str:
        return f"{self.platform}/{self.id}"

    @property
    def at(self) -> str:
        return f"{self.file}: {self.id}"

    @property
    def history(self) -> list[dict[str, Any]]:
        return self.raw["history"]

    @property
    def aliases(self) -> list[dict[str, Any]]:
        return [{"name": alias} if isinstance(alias, str) else alias for alias in self.raw.get("aliases", [])]

    def folded(self, name: str) -> str:
        return name.casefold() if self.folds else name

    @property
    def sunset(self) -> Milestone | None:
        return sunset(self.history)

    @property
    def retired(self) -> bool:
        return bool(self.sunset and self.sunset.precision == "day" and self.sunset.on <= AS_OF)

    @property
    def replacements(self) -> list[str]:
        """The newest list, as written."""
        lists = [revision["replacements"] for revision in self.history if "replacements" in revision]
        return lists[-1] if lists else []


def milestones(revision: dict[str, Any]) -> Iterator[Milestone]:
    for kind, given in (revision.get("milestones") or {}).items():
        for step in given if isinstance(given, list) else [given]:
            fields = step if isinstance(step, dict) else {"on": step}
            yield Milestone(kind, fields.get("on"), fields.get("precision", "day"), fields.get("region", ""))


def sunset(history: list[dict[str, Any]]) -> Milestone | None:
    """The newest word on the sunset: worldwide if there is one, else of the earliest region."""
    newest = {m.region: m for revision in history for m in milestones(revision) if m.kind == "sunset"}
    dated = [milestone for milestone in newest.values() if milestone.on]
    worldwide = [milestone for milestone in dated if not milestone.region]
    return min(worldwide or dated, key=lambda milestone: (milestone.on, milestone.region), default=None)


def reference(entry: Shipped, name: str, known: Container[str]) -> str:
    """The key that a replacement's name means: on the entry's own platform, else `platform/id` as it stands."""
    own = f"{entry.platform}/{name}"
    return own if own in known else name


def read(text: str, file: str) -> list[Shipped]:
    document = yaml.load(text, _Reader)
    platform, vendors = document["platform"], frozenset(document.get("vendors", {}))
    unknown = set(document) - FIELDS["file"] | set(platform) - FIELDS["platform"]
    assert not unknown, f"{file}: unknown {sorted(unknown)}"
    folds = not platform.get("case_sensitive", True)
    return [Shipped(file, platform["slug"], folds, vendors, raw) for raw in document["entries"]]


def shipped() -> list[Shipped]:
    return [entry for path in sorted(DATA.glob("*.yaml")) for entry in read(path.read_text(), path.name)]


# The rules ----------------------------------------------------------------------------------------

Rule = Callable[[list[Shipped]], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(check: Rule) -> Rule:
    RULES[check.__name__] = check
    return check


@rule
def only_known_fields(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        parts = [("entry", entry.raw), *(("alias", alias) for alias in entry.aliases)]
        for revision in entry.history:
            parts.append(("revision", revision))
            for given in (revision.get("milestones") or {}).values():
                steps = given if isinstance(given, list) else [given]
                parts += [("milestone", step) for step in steps if isinstance(step, dict)]
        for part, fields in parts:
            for unknown in sorted(set(fields) - FIELDS[part]):
                yield f"{entry.at}: unknown {part} field {unknown}"


@rule
def only_known_words(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        words: list[tuple[str, Any, list[Any]]] = [
            ("kind", entry.raw.get("kind"), Kind.values),
            ("confidence", entry.raw.get("confidence"), Confidence.values),
            ("vendor", entry.raw.get("vendor"), [None, *entry.vendors]),
        ]
        for revision in entry.history:
            words.append(("on_sunset", revision.get("on_sunset"), [None, *OnSunset.values]))
            for milestone in milestones(revision):
                words += [
                    ("milestone", milestone.kind, MilestoneKind.values),
                    ("precision", milestone.precision, Precision.values),
                ]
        for field, word, known in words:
            if word not in known:
                yield f"{entry.at}: unknown {field} {word}"


@rule
def every_date_is_a_date_with_a_source(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        if not isinstance(entry.raw.get("released", AS_OF), date):
            yield f"{entry.at}: released is no date"
        if not entry.history:
            yield f"{entry.at}: nobody is named who says so"
        for revision in entry.history:
            if not str(revision.get("source") or "").startswith("https://"):
                yield f"{entry.at}: a revision without a source"
            days = [revision.get("known"), revision.get("source_day", AS_OF)]
            days += [milestone.on for milestone in milestones(revision) if milestone.on is not None]
            for day in days:
                if not isinstance(day, date):
                    yield f"{entry.at}: {day} is no date"


@rule
def replacements_are_entries(entries: list[Shipped]) -> Iterator[str]:
    known = {entry.key for entry in entries}
    for entry in entries:
        for revision in entry.history:
            for name in revision.get("replacements", []):
                key = reference(entry, name, known)
                if key not in known:
                    yield f"{entry.at}: replacement {name} is no entry"
                if key == entry.key:
                    yield f"{entry.at}: replaced by itself"


@rule
def a_name_has_one_owner(entries: list[Shipped]) -> Iterator[str]:
    owners = {(entry.platform, entry.folded(entry.id)): entry.id for entry in entries}
    for entry in entries:
        for alias in entry.aliases:
            owner = owners.setdefault((entry.platform, entry.folded(alias["name"])), entry.id)
            if owner != entry.id or entry.folded(alias["name"]) == entry.folded(entry.id):
                yield f"{entry.at}: the name {alias['name']} belongs to {owner}"


@rule
def an_entry_stands_once(entries: list[Shipped]) -> Iterator[str]:
    files = defaultdict(list)
    for entry in entries:
        files[entry.platform, entry.folded(entry.id)].append(entry.file)
    for (platform, name), where in files.items():
        if len(where) > 1:
            yield f"{platform}/{name} stands in {' and '.join(where)}"


@rule
def ids_stand_in_order(entries: list[Shipped]) -> Iterator[str]:
    """In the files of whole platforms; a file that tells of one event follows its story."""
    ids = defaultdict(list)
    for entry in entries:
        if entry.file == f"{entry.platform}.yaml":
            ids[entry.file].append((entry.id.casefold(), entry.id))
    for file, found in ids.items():
        for before, after in pairwise(found):
            if after < before:
                yield f"{file}: {after[1]} stands after {before[1]}"


@rule
def history_runs_forward(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        days = [revision["known"] for revision in entry.history]
        if days != sorted(days):
            yield f"{entry.at}: its history is out of order"


@rule
def nothing_ends_before_it_begins_or_is_announced(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        for number in range(1, len(entry.history) + 1):
            so_far = entry.history[:number]
            newest = {m.kind: m.on for revision in so_far for m in milestones(revision)}
            before = [entry.raw.get("released"), newest.get("announced"), newest.get("legacy")]
            ends = sunset(so_far)
            for day in before:
                if ends and day and ends.on < day:
                    yield f"{entry.at}: ends on {ends.on}, before {day}"


@rule
def floors_and_firm_dates_are_kept_apart(entries: list[Shipped]) -> Iterator[str]:
    for entry in entries:
        for revision in entry.history:
            said = Counter((m.kind, m.region) for m in milestones(revision))
            if any(count > 1 for count in said.values()):
                yield f"{entry.at}: one step twice in the revision of {revision['known']}"
            precisions = defaultdict(set)
            for milestone in milestones(revision):
                precisions[milestone.kind].add(milestone.precision)
            if any({"day", "not_before"} <= found for found in precisions.values()):
                yield f"{entry.at}: both firm and a floor in the revision of {revision['known']}"


@rule
def advice_that_leads_nowhere_says_so(entries: list[Shipped]) -> Iterator[str]:
    """Where a chain of replacements ends in a retired model, that model's note admits it."""
    by_key = {entry.key: entry for entry in entries}

    def after(entry: Shipped) -> list[Shipped]:
        keys = [reference(entry, name, by_key) for name in entry.replacements]
        return [by_key[key] for key in keys if key in by_key]

    def leads_on(entry: Shipped, passed: frozenset[str]) -> bool:
        return not entry.retired or any(
            leads_on(following, passed | {entry.key}) for following in after(entry) if following.key not in passed
        )

    named = {following.key: following for entry in entries for following in after(entry)}
    for entry in named.values():
        admitted = "no replacement named" in entry.raw.get("note", "")
        if not leads_on(entry, frozenset()) and not after(entry) and not admitted:
            yield f"{entry.at}: is recommended and retired, and its note does not say that nothing follows"
