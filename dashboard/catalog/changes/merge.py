"""What a document would change in the catalog: append-only, idempotent, nothing decided by order of files.

Pure. A file adds entries, aliases and revisions and updates the plain fields that it states. What it does
not mention stays: a removed entry, alias or revision in a file removes nothing.
"""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields, replace
from datetime import date

from dashboard.catalog.changes.validate import find_problems, find_warnings
from dashboard.catalog.documents import (
    AliasDoc,
    Document,
    EntryDoc,
    Key,
    PlatformDoc,
    Problem,
    RevisionDoc,
    entry_reference,
)
from dashboard.catalog.messages import Message
from dashboard.catalog.names.resolve import NameIndex, suggest

__all__ = ["PLAIN_FIELDS", "EntryChange", "Plan", "merge", "periods_overlap"]


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry before (None: it is new) and after."""

    before: EntryDoc | None
    after: EntryDoc

    @property
    def revisions(self) -> tuple[RevisionDoc, ...]:
        known = set(self.before.history) if self.before else set()
        return tuple(revision for revision in self.after.history if revision not in known)

    @property
    def aliases(self) -> tuple[AliasDoc, ...]:
        """Aliases that are new or differ."""
        known = set(self.before.aliases) if self.before else set()
        return tuple(alias for alias in self.after.aliases if alias not in known)


@dataclass(slots=True)
class Plan:
    """What to store. With `problems`, nothing; `warnings` do not prevent it."""

    platforms: list[PlatformDoc] = field(default_factory=list)
    vendors: dict[str, str] = field(default_factory=dict)
    changes: list[EntryChange] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


PLAIN_FIELDS = ("vendor", "kind", "released_on", "confidence", "note")


def merge(
    existing: Document,
    incoming: Document,
    *,
    protected: AbstractSet[tuple[Key, str]] = frozenset(),
    lenient: bool = False,
) -> Plan:
    """What `incoming` changes in `existing`.

    `protected` (entry, field) pairs keep their value: a person has set them. `lenient` drops an alias
    that somebody has given to another entry, with a warning, instead of refusing the whole document.
    """
    return _Merge(existing, incoming, protected, lenient).plan()


class _Merge:
    def __init__(
        self, existing: Document, incoming: Document, protected: AbstractSet[tuple[Key, str]], lenient: bool
    ) -> None:
        self.existing, self.incoming, self.protected, self.lenient = existing, incoming, protected, lenient
        self.platforms = {**existing.platforms}
        self.before: dict[Key, EntryDoc] = {entry.key: entry for entry in existing.entries}
        self.after: dict[Key, EntryDoc] = dict(self.before)
        self.result = Plan()
        self._index: NameIndex | None = None

    def plan(self) -> Plan:
        self.merge_platforms()
        touched: dict[Key, None] = {}
        self.known = self.before.keys() | {entry.key for entry in self.incoming.entries}
        for entry in self.incoming.entries:
            if entry.platform not in self.platforms:
                self.problem(entry, "platform", Message("no_platform", name=repr(entry.platform)))
                continue
            self.after[entry.key] = self.merged(self.after.get(entry.key), self.resolved(entry))
            touched[entry.key] = None
        changed = [key for key in touched if self.after[key] != self.before.get(key)]
        if not self.result.problems:
            self.check_names(changed)
        if not self.result.problems:
            for key in changed:
                self.result.problems += find_problems(self.after[key], self.after)
                self.result.warnings += find_warnings(self.after[key], self.after)
        self.result.changes = [
            EntryChange(self.before.get(key), self.after[key])
            for key in changed
            if self.after[key] != self.before.get(key)
        ]
        self.merge_vendors()
        return self.result

    def problem(self, entry: EntryDoc, name: str, message: Message) -> None:
        at = replace(entry.at, field=f"{entry.at.field}.{name}" if entry.at.field else name)
        self.result.problems.append(Problem(at, message))

    def merge_platforms(self) -> None:
        for slug, platform in self.incoming.platforms.items():
            known = self.platforms.get(slug)
            if known and not platform.name:
                continue  # only referred to
            platform = replace(platform, name=platform.name or slug)
            if platform != known:
                self.platforms[slug] = platform
                self.result.platforms.append(platform)

    def merge_vendors(self) -> None:
        """Vendors by slug; the name of a vendor without one is its slug."""
        used = {change.after.vendor for change in self.result.changes if change.after.vendor}
        for slug in [*self.incoming.vendors, *sorted(used)]:
            name = self.incoming.vendors.get(slug) or self.existing.vendors.get(slug) or slug
            if self.existing.vendors.get(slug) != name:
                self.result.vendors[slug] = name

    def merged(self, known: EntryDoc | None, entry: EntryDoc) -> EntryDoc:
        if not known:
            return replace(entry, aliases=self.merged_aliases((), entry), history=self.merged_history((), entry))
        stated = {
            name: getattr(entry, name)
            for name in PLAIN_FIELDS
            if name in entry.given and (entry.key, name) not in self.protected
        }
        return replace(
            known,
            **stated,
            aliases=self.merged_aliases(known.aliases, entry),
            history=self.merged_history(known.history, entry),
            at=entry.at,
        )

    def merged_aliases(self, known: tuple[AliasDoc, ...], entry: EntryDoc) -> tuple[AliasDoc, ...]:
        """An alias is identified by its name and first day; its other values are replaced."""
        merged = {(alias.name, alias.from_on): alias for alias in known}
        merged.update({(alias.name, alias.from_on): alias for alias in entry.aliases})
        return tuple(sorted(merged.values(), key=lambda alias: (alias.name, alias.from_on or date.min)))

    def merged_history(self, known: tuple[RevisionDoc, ...], entry: EntryDoc) -> tuple[RevisionDoc, ...]:
        have = {_content(revision) for revision in known}
        added: dict[object, RevisionDoc] = {}
        for revision in entry.history:
            if _content(revision) not in have:
                added.setdefault(_content(revision), revision)
        # A stable sort: revisions of one day keep their order, so that the latest comes last.
        return tuple(sorted([*known, *added.values()], key=lambda revision: revision.known_on))

    def resolved(self, entry: EntryDoc) -> EntryDoc:
        """The entry with its references to replacements as keys."""
        return replace(
            entry,
            history=tuple(
                replace(revision, replacements=self.keys(entry, revision))
                if revision.references is not None
                else revision
                for revision in entry.history
            ),
        )

    def keys(self, entry: EntryDoc, revision: RevisionDoc) -> tuple[Key, ...]:
        keys: dict[Key, None] = {}
        for text in revision.references or ():
            key = self.key_of(text, entry.platform)
            if key:
                keys[key] = None
            else:
                at = replace(revision.at, field=f"{revision.at.field}.replacements".lstrip("."))
                code = "no_entry_file" if at.file else "no_entry"
                if close := self.close_names(text, entry.platform):
                    message = Message(f"{code}_close", name=repr(text), names=", ".join(close))
                else:
                    message = Message(code, name=repr(text))
                self.result.problems.append(Problem(at, message))
        return tuple(keys)

    def key_of(self, text: str, platform: str) -> Key | None:
        """`id` on the same platform, else `platform/id`; `//platform/id` is never an id of the platform."""
        if not text.startswith("//") and (platform, text) in self.known:
            return platform, text
        host, _, name = text.removeprefix("//").partition("/")
        return (host, name) if (host, name) in self.known else None

    def close_names(self, text: str, platform: str) -> list[str]:
        if len(self.result.problems) > 20:
            return []
        if not self._index:
            self._index = NameIndex((*key, number) for number, key in enumerate(sorted(self.known), 1))
        return [entry_reference((s.platform, s.id), platform) for s in suggest(text, platform, self._index)]

    def check_names(self, changed: list[Key]) -> None:
        """No two ids that differ only in case where that does not matter; each alias belongs to one entry."""
        folded: dict[Key, Key] = {}
        owners: dict[Key, list[tuple[Key, AliasDoc]]] = defaultdict(list)
        for key, entry in self.after.items():
            twin = folded.setdefault(self.fold(*key), key)
            if twin != key:
                self.problem(entry, "id", Message("differs_in_case", name=twin[1], platform=key[0]))
            for alias in entry.aliases:
                owners[self.fold(key[0], alias.name)].append((key, alias))
        for key in changed:
            entry = self.after[key]
            new = EntryChange(self.before.get(key), entry).aliases
            for alias in new:
                name = self.fold(key[0], alias.name)
                rivals = [k for k, other in owners[name] if other is not alias and periods_overlap(alias, other)]
                if name in folded:
                    self.refuse_alias(key, alias, Message("alias_is_id", name=alias.name), theirs=folded[name])
                elif rivals:
                    self.refuse_alias(
                        key,
                        alias,
                        Message("alias_taken", name=alias.name, entry="/".join(rivals[0])),
                        theirs=rivals[0],
                    )

    def refuse_alias(self, key: Key, alias: AliasDoc, message: Message, theirs: Key) -> None:
        problem = Problem(replace(alias.at, field=f"{alias.at.field}.name".lstrip(".")), message)
        if not self.lenient or theirs not in self.before:
            self.result.problems.append(problem)
            return
        self.result.warnings.append(problem)
        kept = tuple(other for other in self.after[key].aliases if other is not alias)
        self.after[key] = replace(self.after[key], aliases=kept)

    def fold(self, platform: str, name: str) -> Key:
        return platform, name if self.platforms[platform].case_sensitive else name.casefold()


def _content(revision: RevisionDoc) -> tuple:
    """The content of a revision, without the order of its milestones."""
    values = [getattr(revision, f.name) for f in fields(revision) if f.compare and f.name != "milestones"]
    return (*values, frozenset(revision.milestones))


def periods_overlap(alias: AliasDoc, other: AliasDoc) -> bool:
    """Whether both aliases are valid on a common day."""
    first = max(alias.from_on or date.min, other.from_on or date.min)
    return first <= min(alias.to_on or date.max, other.to_on or date.max)
