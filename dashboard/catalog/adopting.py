"""From proposed changes to a catalog document, the only thing that `edit.apply` takes.

Nothing is stored here. What contradicts an older word is known from today on, the day somebody agreed to
it; a first word is known from the day on which it was public.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dashboard.catalog.choices import Difference, MilestoneKind
from dashboard.catalog.comparing import ENTRY, REPLACEMENTS
from dashboard.catalog.documents import Document, EntryDoc, Key, MilestoneDoc, RevisionDoc
from dashboard.catalog.proposed import ProposedChange

__all__ = ["document"]


def document(proposals: Iterable[ProposedChange], *, today: date, confidence: Mapping[str, str]) -> Document:
    """What accepting `proposals` brings: new entries, and revisions of known ones.

    `proposals` have their platform loaded. `confidence` is that of new entries, by feed name.
    """
    by_key: dict[Key, list[ProposedChange]] = defaultdict(list)
    for proposal in proposals:
        by_key[proposal.platform.slug, proposal.name].append(proposal)
    return Document(entries=[_entry(key, group, today, confidence) for key, group in by_key.items()])


def _entry(key: Key, group: Sequence[ProposedChange], today: date, confidence: Mapping[str, str]) -> EntryDoc:
    entry = EntryDoc(*key)
    parts: list[tuple[RevisionDoc, bool]] = []
    for proposal in group:
        if proposal.field == ENTRY:
            released = proposal.new["released_on"]
            entry = replace(
                entry,
                kind=proposal.new["kind"],
                released_on=date.fromisoformat(released) if released else None,
                confidence=confidence.get(proposal.feed, "low"),
            )
        first = proposal.change in {Difference.NEW, Difference.FIRST}
        parts.append((_said(proposal, today), first))
    announced = _announced(revision for revision, first in parts if first)
    dated = [
        replace(revision, known_on=min(announced or revision.source_day or today, today) if first else today)
        for revision, first in parts
    ]
    return replace(entry, history=tuple(_joined(dated)))


def _said(proposal: ProposedChange, today: date) -> RevisionDoc:
    """The proposal's words as a revision; its day is told by the caller."""
    new = proposal.new
    steps: list[dict[str, Any]] = []
    advised: list[str] | None = None
    if proposal.field == ENTRY:
        steps, advised = new["steps"], new["replacements"] or None
    elif proposal.field == REPLACEMENTS:
        advised = new
    else:
        steps = [{"kind": proposal.field, "region": proposal.region, **new}]
    return RevisionDoc(
        known_on=today,
        source_url=proposal.source_url,
        source_day=proposal.seen_on,
        milestones=tuple(
            MilestoneDoc(
                step["kind"],
                date.fromisoformat(step["on"]) if step["on"] else None,
                step["precision"],
                step["region"],
            )
            for step in steps
        ),
        references=None if advised is None else tuple(f"//{text}" for text in advised),
    )


def _announced(revisions: Iterable[RevisionDoc]) -> date | None:
    days = [s.on for r in revisions for s in r.milestones if s.kind == MilestoneKind.ANNOUNCED and s.on]
    return min(days, default=None)


def _joined(revisions: Sequence[RevisionDoc]) -> Iterable[RevisionDoc]:
    """What one source said on one day as one revision."""
    groups: dict[tuple, list[RevisionDoc]] = defaultdict(list)
    for revision in revisions:
        groups[revision.known_on, revision.source_url, revision.source_day].append(revision)
    for said in groups.values():
        advised = [revision.references for revision in said if revision.references is not None]
        steps = {(s.kind, s.region): s for revision in said for s in revision.milestones}
        yield replace(said[0], milestones=tuple(steps.values()), references=advised[-1] if advised else None)
