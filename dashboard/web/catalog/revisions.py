"""The revisions of one entry, oldest first, each with what it changed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from dashboard.catalog.models import Entry, Milestone, Revision

__all__ = ["DatedValue", "RevisionChange", "RevisionRow", "revision_rows"]


@dataclass(frozen=True, slots=True)
class DatedValue:
    """A day with its precision; `on` is None when a source withdrew the date."""

    on: date | None
    precision: str = "day"


@dataclass(frozen=True, slots=True)
class RevisionChange:
    """One field that a revision changed.

    `about` is a kind of milestone, "on_sunset" or "replacements"; `old` is None where nothing was known before.
    Values are `DatedValue`, a value of `OnSunset`, or a tuple of entry ids.
    """

    about: str
    region: str
    old: DatedValue | str | tuple[str, ...] | None
    new: DatedValue | str | tuple[str, ...]

    @property
    def shape(self) -> Literal["date", "on_sunset", "replacements"]:
        return self.about if self.about in {"on_sunset", "replacements"} else "date"  # type: ignore[return-value]

    @property
    def moved(self) -> int | None:
        """Days by which a date moved, later being positive; None where there was none to move."""
        if isinstance(self.old, DatedValue) and isinstance(self.new, DatedValue) and self.old.on and self.new.on:
            return (self.new.on - self.old.on).days
        return None


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision and what it changed; without `changes` it only confirmed what was known."""

    revision: Revision
    changes: list[RevisionChange] = field(default_factory=list)


def revision_rows(entry: Entry, day: date) -> list[RevisionRow]:
    """The revisions of an entry known by a day, oldest first."""
    revisions = (
        entry.revisions.filter(known_on__lte=day)
        .select_related("by")
        .prefetch_related("milestones", "replacements__entry__platform")
        .order_by("known_on", "id")
    )
    current: dict[tuple[str, str], DatedValue | str | tuple[str, ...]] = {}
    rows = []
    for revision in revisions:
        changes = []
        for key, new in _points(revision, entry.platform.slug):
            old = current.get(key)
            if old != new:
                changes.append(RevisionChange(*key, old=old, new=new))
            current[key] = new
        rows.append(RevisionRow(revision, changes))
    return rows


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
