"""Build a catalog document from proposed changes; `changes.apply` applies it.

Nothing is stored here. A value that replaces an earlier one is known from the day it is accepted; a first value
from the day it was public.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dashboard.catalog.choices import Difference, MilestoneKind
from dashboard.catalog.documents import AliasDoc, Document, EntryDoc, Key, MilestoneDoc, RevisionDoc
from dashboard.catalog.feeds.diff import ALIASES, ENTRY, REPLACEMENTS
from dashboard.catalog.models import ProposedChange

__all__ = ["build_document"]


def build_document(proposals: Iterable[ProposedChange], *, today: date, confidence: Mapping[str, str]) -> Document:
    """The document that accepting `proposals` applies: new entries, and revisions of existing ones.

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
        if proposal.field == ALIASES:
            entry = replace(entry, aliases=entry.aliases + _aliases(proposal, proposal.new))
            continue
        if proposal.field == ENTRY:
            entry = replace(
                entry,
                kind=proposal.new["kind"],
                released_on=_day(proposal.new["released_on"]),
                confidence=confidence.get(proposal.feed, "low"),
                aliases=entry.aliases + _aliases(proposal, proposal.new.get("aliases", ())),
            )
        first = proposal.change in {Difference.NEW, Difference.FIRST}
        parts.append((_revision_doc(proposal, today), first))
    announced = _announced(revision for revision, first in parts if first)
    dated = [
        replace(revision, known_on=min(announced or revision.source_day or today, today) if first else today)
        for revision, first in parts
    ]
    return replace(entry, history=tuple(_joined(dated)))


def _aliases(proposal: ProposedChange, values: Iterable[dict[str, Any]]) -> tuple[AliasDoc, ...]:
    """The aliases of a proposal, with its source."""
    return tuple(
        AliasDoc(value["name"], _day(value["from"]), _day(value["to"]), proposal.source_url) for value in values
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _revision_doc(proposal: ProposedChange, today: date) -> RevisionDoc:
    """The proposed values as a revision; the caller sets `known_on`."""
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
                _day(step["on"]),
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
    """Revisions of one source and day joined into one."""
    groups: dict[tuple, list[RevisionDoc]] = defaultdict(list)
    for revision in revisions:
        groups[revision.known_on, revision.source_url, revision.source_day].append(revision)
    for group in groups.values():
        advised = [revision.references for revision in group if revision.references is not None]
        steps = {(s.kind, s.region): s for revision in group for s in revision.milestones}
        yield replace(group[0], milestones=tuple(steps.values()), references=advised[-1] if advised else None)
