"""How the dates of one entry moved: its revisions, oldest first, each with what it changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from dashboard.catalog.models import Entry, Milestone, Revision

__all__ = ["DatedValue", "RevisionChange", "RevisionRow", "revision_rows"]


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A day with its precision; `on` is None when a source took the date back."""

    on: date | None
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """One point that a revision changed.

    `about` is a kind of milestone, "on_sunset" or "replacements"; `old` is None where nothing was said before.
    Values are `Dated`, a word of `OnSunset`, or a tuple of entry ids.
    """

    about: str
    region: str
    old: DatedValue | str | tuple[str, ...] | None
    new: DatedValue | str | tuple[str, ...]

    @property
    def shape(self) -> Literal["date", "word", "entries"]:
        return {"on_sunset": "word", "replacements": "entries"}.get(self.about, "date")  # type: ignore[return-value]

    @property
    def moved(self) -> int | None:
        """Days by which a date moved, later being positive; None where there was none to move."""
        if isinstance(self.old, DatedValue) and isinstance(self.new, DatedValue) and self.old.on and self.new.on:
            return (self.new.on - self.old.on).days
        return None

    @property
    def earlier(self) -> int:
        """Days by which a date was brought forward."""
        return max(-(self.moved or 0), 0)


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """What one source said on one day. Without `changes` it only said again what was known."""

    revision: Revision
    changes: list[RevisionChange] = field(default_factory=list)


def revision_rows(entry: Entry, day: date) -> list[RevisionRow]:
    """What had been said of an entry by a day, oldest first."""
    revisions = (
        entry.revisions.filter(known_on__lte=day)
        .select_related("by")
        .prefetch_related("milestones", "replacements__entry__platform")
        .order_by("known_on", "id")
    )
    said: dict[tuple[str, str], DatedValue | str | tuple[str, ...]] = {}
    told = []
    for revision in revisions:
        changes = []
        for key, new in _points(revision, entry.platform.slug):
            old = said.get(key)
            if old != new:
                changes.append(RevisionChange(*key, old=old, new=new))
            said[key] = new
        told.append(RevisionRow(revision, changes))
    return told


def _points(
    revision: Revision, platform: str
) -> Iterator[tuple[tuple[str, str], DatedValue | str | tuple[str, ...]]]:
    milestones: Iterable[Milestone] = revision.milestones.all()
    for milestone in milestones:
        yield (milestone.kind, milestone.region), DatedValue(milestone.on, milestone.precision)
    if revision.on_sunset:
        yield ("on_sunset", ""), revision.on_sunset
    if revision.sets_replacements:
        entries = [r.entry for r in sorted(revision.replacements.all(), key=lambda r: r.position)]
        yield (
            ("replacements", ""),
            tuple(e.name if e.platform.slug == platform else f"{e.platform.slug}/{e.name}" for e in entries),
        )
