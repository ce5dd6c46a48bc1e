"""The catalog as plain values: what files hold, what the database holds, and what a merge compares.

Pure. An entry's key is (platform slug, id). Two revisions are the same when they record the same on the same
day from the same source; where a value stands in a file (`at`) never takes part in comparisons.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from dashboard.catalog.messages import Message

__all__ = [
    "AliasDoc",
    "CatalogError",
    "Document",
    "EntryDoc",
    "FilePosition",
    "Key",
    "MilestoneDoc",
    "PlatformDoc",
    "Problem",
    "RevisionDoc",
    "entry_reference",
    "with_references",
]

MAX_PROBLEMS = 20

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FilePosition:
    """Where in a file a value stands; line 0 when there is none (a form)."""

    file: str = ""
    line: int = 0
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    at: FilePosition
    message: Message

    def __str__(self) -> str:
        return f"{self.at}: {self.message}" if str(self.at) else str(self.message)


class CatalogError(Exception):
    """Problems of a file or an edit, at most `MAX_PROBLEMS`; nothing was stored."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems[:MAX_PROBLEMS])
        self.more = len(problems) - len(self.problems)
        super().__init__(self.problems, self.more)

    def __str__(self) -> str:
        """One problem a line, in the active language."""
        lines = [str(problem) for problem in self.problems]
        return "\n".join([*lines, str(Message("and_more", n=self.more))] if self.more else lines)


@dataclass(frozen=True, slots=True)
class PlatformDoc:
    slug: str
    name: str = ""
    url: str = ""
    case_sensitive: bool = True
    at: FilePosition = field(default=FilePosition(), compare=False)


@dataclass(frozen=True, slots=True)
class AliasDoc:
    """Another name of an entry from `from_on` to `to_on`, both included; None is an open end."""

    name: str
    from_on: date | None = None
    to_on: date | None = None
    source_url: str = ""
    note: str = ""
    at: FilePosition = field(default=FilePosition(), compare=False)


@dataclass(frozen=True, slots=True)
class MilestoneDoc:
    """`on` None withdraws the milestone."""

    kind: str
    on: date | None
    precision: str = "day"
    region: str = ""


@dataclass(frozen=True, slots=True)
class RevisionDoc:
    """What one source stated on `known_on`. `replacements` None leaves them as they were.

    In a document just read, `references` holds them as written; merging turns those into keys.
    """

    known_on: date
    source_url: str
    source_day: date | None = None
    note: str = ""
    milestones: tuple[MilestoneDoc, ...] = ()
    on_sunset: str = ""
    replacements: tuple[Key, ...] | None = None
    references: tuple[str, ...] | None = field(default=None, compare=False)
    at: FilePosition = field(default=FilePosition(), compare=False)


@dataclass(frozen=True, slots=True)
class EntryDoc:
    """`given` names the optional fields that a file states; the others keep what the catalog has."""

    platform: str
    id: str
    vendor: str = ""
    kind: str = "chat"
    released_on: date | None = None
    confidence: str = "high"
    note: str = ""
    aliases: tuple[AliasDoc, ...] = ()
    history: tuple[RevisionDoc, ...] = ()
    given: frozenset[str] = field(default=frozenset(), compare=False)
    at: FilePosition = field(default=FilePosition(), compare=False)

    @property
    def key(self) -> Key:
        return self.platform, self.id


@dataclass(slots=True)
class Document:
    """Platforms and vendors by slug, entries by key, all in the order they stand."""

    platforms: dict[str, PlatformDoc] = field(default_factory=dict)
    vendors: dict[str, str] = field(default_factory=dict)
    entries: list[EntryDoc] = field(default_factory=list)

    @classmethod
    def joined(cls, documents: Iterable["Document"]) -> "Document":
        """Several files as one, so that each may refer to the others' entries."""
        whole = cls()
        for document in documents:
            whole.platforms.update(document.platforms)
            whole.vendors.update(document.vendors)
            whole.entries += document.entries
        return whole


def entry_reference(key: Key, platform: str) -> str:
    """How a reference to an entry is written on a platform's own pages and files."""
    return key[1] if key[0] == platform else f"{key[0]}/{key[1]}"


def with_references(document: Document) -> Document:
    """The same with each revision's replacements as a file writes them."""
    known = {entry.key for entry in document.entries}
    entries = [
        replace(
            entry,
            history=tuple(
                replace(revision, references=_references(revision, entry.platform, known))
                for revision in entry.history
            ),
        )
        for entry in document.entries
    ]
    return Document(document.platforms, document.vendors, entries)


def _references(revision: RevisionDoc, platform: str, known: Iterable[Key]) -> tuple[str, ...] | None:
    if revision.replacements is None:
        return None
    texts = []
    for key in revision.replacements:
        text = entry_reference(key, platform)
        # Some platforms' own ids look like another platform's: openai/gpt-oss-20b on Groq.
        texts.append(f"//{text}" if key[0] != platform and (platform, text) in known else text)
    return tuple(texts)
