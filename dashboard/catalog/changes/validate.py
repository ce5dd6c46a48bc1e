"""Validation of catalog entries, for files, forms and feeds alike.

Pure. `find_problems` yields what must not be stored, `find_warnings` what is unusual but may be correct.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from dashboard.catalog.documents import (
    EntryDoc,
    FilePosition,
    Key,
    MilestoneDoc,
    Problem,
    RevisionDoc,
    entry_reference,
)
from dashboard.catalog.lifecycle import Step, last_day
from dashboard.catalog.messages import Message

__all__ = ["LatestState", "find_problems", "find_warnings", "latest_state"]


@dataclass(slots=True)
class LatestState:
    """The latest value of each point of an entry, and the revision that set it."""

    steps: dict[tuple[str, str], MilestoneDoc] = field(default_factory=dict)
    on_sunset: str = ""
    replacements: tuple[Key, ...] = ()
    source_url: str = ""
    known_on: date | None = None
    set_by: dict[object, RevisionDoc] = field(default_factory=dict)

    def earliest_step(self, kind: str) -> MilestoneDoc | None:
        """The step of a kind: the worldwide one, else the earliest region's."""
        dated = [step for (name, _), step in self.steps.items() if name == kind and step.on]
        worldwide = [step for step in dated if not step.region]
        return min(worldwide or dated, key=lambda step: step.on or date.max, default=None)


def latest_state(entry: EntryDoc) -> LatestState:
    """The entry as known after all its revisions."""
    state = LatestState()
    for revision in sorted(entry.history, key=lambda revision: revision.known_on):
        for step in revision.milestones:
            state.steps[step.kind, step.region] = step
            state.set_by[step.kind, step.region] = revision
        state.on_sunset = revision.on_sunset or state.on_sunset
        if revision.replacements is not None:
            state.replacements = revision.replacements
            state.set_by["replacements"] = revision
        state.source_url, state.known_on = revision.source_url, revision.known_on
    return state


def find_problems(entry: EntryDoc, entries: Mapping[Key, EntryDoc]) -> Iterator[Problem]:
    """The problems of an entry, given all entries of the catalog after the change."""
    state = latest_state(entry)
    announced = state.earliest_step("announced")
    for (kind, region), step in state.steps.items():
        if kind == "sunset" and step.on and announced and announced.on and step.on < announced.on:
            days = {"day": str(step.on), "announced": str(announced.on)}
            yield Problem(
                _place(entry, state.set_by[kind, region], "milestones.sunset"),
                Message("sunset_before_announcement_in", region=region, **days)
                if region
                else Message("sunset_before_announcement", **days),
            )
    at = _place(entry, state.set_by.get("replacements"), "replacements")
    if entry.key in state.replacements:
        yield Problem(at, Message("replaces_itself", name=entry.id))
    elif loop := _cycle(entry.key, entries):
        names = " → ".join(entry_reference(key, entry.platform) for key in loop)
        yield Problem(at, Message("replacement_circle", names=names))


def find_warnings(entry: EntryDoc, entries: Mapping[Key, EntryDoc]) -> Iterator[Problem]:
    """Replacements that will not be there when they are needed."""
    state = latest_state(entry)
    sunset = state.earliest_step("sunset")
    if not sunset or not sunset.on:
        return
    for key in state.replacements:
        end = latest_state(entries[key]).earliest_step("sunset")
        day = last_day(Step("sunset", end.on, end.precision)) if end else None
        if day and day <= sunset.on:
            yield Problem(
                _place(entry, state.set_by["replacements"], "replacements"),
                Message(
                    "replacement_retires",
                    name=entry_reference(key, entry.platform),
                    day=str(day),
                    sunset=str(sunset.on),
                ),
            )


def _cycle(start: Key, entries: Mapping[Key, EntryDoc]) -> list[Key]:
    """A way along replacements from an entry back to it; empty when there is none."""
    trail: dict[Key, Key] = {}
    waiting = [start]
    while waiting:
        key = waiting.pop()
        for advised in latest_state(entries[key]).replacements:
            if advised == start:
                way = [start, key]
                while way[-1] != start:
                    way.append(trail[way[-1]])
                return way[::-1]
            if advised not in trail:
                trail[advised] = key
                waiting.append(advised)
    return []


def _place(entry: EntryDoc, revision: RevisionDoc | None, name: str) -> FilePosition:
    at = revision.at if revision and revision.at.line else entry.at
    return replace(at, field=f"{at.field}.{name}" if at.field else name)
