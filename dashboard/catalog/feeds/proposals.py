"""Proposed changes: the differences of a feed, stored, and the decisions of editors.

Everything changes through `changes.apply`, as one document: whole or, where one entry stands in the way, entry
by entry, so that a single bad record holds back nothing else.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from dashboard.catalog import snapshot
from dashboard.catalog.changes.apply import apply_document
from dashboard.catalog.choices import ProposalState
from dashboard.catalog.documents import CatalogError, Key
from dashboard.catalog.feeds.accept import build_document
from dashboard.catalog.feeds.diff import ALIASES, ENTRY, FieldDifference
from dashboard.catalog.feeds.registry import FEEDS
from dashboard.catalog.messages import Message
from dashboard.catalog.models import Entry, Platform, ProposedChange
from dashboard.core import audit

__all__ = [
    "ReviewResult",
    "SavedDifferences",
    "accept_edited_proposal",
    "accept_proposals",
    "pending_proposals",
    "reject_proposals",
    "save_differences",
]

TYPED = "admin"
"""The origin of values that an editor entered."""

Point = tuple[int, str, str, str]
"""(platform pk, id, field, region): what a difference is about."""


@dataclass(slots=True)
class SavedDifferences:
    """The outcome of storing a feed's differences. `outcomes` has the strongest state per entry."""

    outcomes: dict[Key, str] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    """Differences by `applied`, `proposed` (new today), `waiting` (already known), `rejected`, `superseded`."""


@dataclass(slots=True)
class ReviewResult:
    """Decided proposals. `refused` are (proposal, why it could not be applied)."""

    done: list[ProposedChange] = field(default_factory=list)
    refused: list[tuple[ProposedChange, Message]] = field(default_factory=list)


STRENGTH = ("proposed", "applied", "waiting", "rejected")


def pending_proposals() -> QuerySet[ProposedChange]:
    """Pending proposals, by platform and id."""
    return ProposedChange.objects.filter(state=ProposalState.PENDING).select_related("platform", "entry")


def save_differences(feed: str, differences: Collection[FieldDifference], *, now: datetime) -> SavedDifferences:
    """Store a feed's differences from the catalog and apply those that need no review. Idempotent.

    A difference that waited and is not among `differences` any more is superseded. Call it in the
    transaction that holds `snapshot.lock()`.
    """
    platforms = dict(Platform.objects.values_list("slug", "pk"))
    before = _latest(feed)
    filed = SavedDifferences()
    fresh: list[tuple[FieldDifference, ProposedChange]] = []
    kept: list[ProposedChange] = []
    for difference in differences:
        row = _row(feed, difference, platforms, now)
        known = before.pop(_point(row), None)
        if known and known.new == row.new and known.state in {ProposalState.PENDING, ProposalState.REJECTED}:
            known.last_seen_at, known.old, known.change = now, row.old, row.change
            kept.append(known)
            _count(filed, difference.key, "waiting" if known.state == ProposalState.PENDING else "rejected")
            continue
        if known and known.state == ProposalState.PENDING:
            _supersede([known], filed, now, "the feed says something else now")
        fresh.append((difference, row))
    gone = [known for known in before.values() if known.state == ProposalState.PENDING]
    _supersede(gone, filed, now, "the feed and the catalog do not differ any more")
    ProposedChange.objects.bulk_update(kept, ["last_seen_at", "old", "change"], batch_size=500)
    _store(feed, fresh, filed, now)
    return filed


def accept_proposals(
    proposals: Sequence[ProposedChange], *, now: datetime, by: Any, note: str = ""
) -> ReviewResult:
    """Apply pending proposals in the name of `by`. Proposals decided meanwhile are left as they are."""
    decision = ReviewResult()
    with transaction.atomic():
        snapshot.lock()
        rows = _still_waiting(proposals)
        for row, problem in _apply(rows, now=now, by=by):
            if problem:
                decision.refused.append((row, problem))
            else:
                _decide(row, ProposalState.ACCEPTED, now, by, note)
                decision.done.append(row)
        _supersede_twins(decision.done, now)
    return decision


def accept_edited_proposal(
    proposal: ProposedChange, *, new: Any, source_url: str, now: datetime, by: Any, note: str = ""
) -> ReviewResult:
    """Accept with another value or source, as entered by the editor."""
    decision = ReviewResult()
    with transaction.atomic():
        snapshot.lock()
        for row in _still_waiting([proposal]):
            own = _edited_copy(row, new=new, source_url=source_url)
            problem = _apply_rows([own], now=now, by=by, origin=TYPED)
            if problem:
                decision.refused.append((row, problem))
                continue
            _decide(row, ProposalState.ACCEPTED, now, by, note)
            decision.done.append(row)
    return decision


def reject_proposals(
    proposals: Sequence[ProposedChange], *, now: datetime, by: Any, note: str = ""
) -> ReviewResult:
    """Reject pending proposals; the same value of the same feed is not proposed again."""
    decision = ReviewResult()
    with transaction.atomic():
        snapshot.lock()
        for row in _still_waiting(proposals):
            _decide(row, ProposalState.REJECTED, now, by, note)
            decision.done.append(row)
    return decision


# Storing ------------------------------------------------------------------------------------------


def _latest(feed: str) -> dict[Point, ProposedChange]:
    """The newest row on each point that this feed ever differed in."""
    rows = ProposedChange.objects.filter(feed=feed).order_by("pk")
    return {_point(row): row for row in rows.iterator()}


def _point(row: ProposedChange) -> Point:
    return row.platform_id, row.name, row.field, row.region


def _row(feed: str, difference: FieldDifference, platforms: dict[str, int], now: datetime) -> ProposedChange:
    item = difference.item
    return ProposedChange(
        feed=feed,
        platform_id=platforms[difference.key[0]],
        name=difference.key[1],
        field=difference.field,
        region=difference.region,
        change=difference.change,
        old=difference.old,
        new=difference.new,
        source_url=item.source_url or FEEDS[feed].url,
        seen_on=item.seen_on,
        evidence=item.evidence,
        review_reason=item.review_reason,
        first_seen_at=now,
        last_seen_at=now,
    )


def _count(filed: SavedDifferences, key: Key, outcome: str) -> None:
    filed.changes[outcome] += 1
    known = filed.outcomes.get(key)
    if known is None or STRENGTH.index(outcome) < STRENGTH.index(known):
        filed.outcomes[key] = outcome


def _store(
    feed: str, fresh: Iterable[tuple[FieldDifference, ProposedChange]], filed: SavedDifferences, now: datetime
) -> None:
    listed = list(fresh)
    trusted = FEEDS[feed].trust.applies
    free = [
        row
        for difference, row in listed
        if trusted
        and difference.change in {"new", "first"}
        # An alias moves calls, past ones too, to another entry at once: it needs review.
        and difference.field != ALIASES
        and not difference.item.review_reason
    ]
    slugs = dict(Platform.objects.values_list("pk", "slug"))
    for row, problem in _apply(free, now=now):
        row.state = ProposalState.PENDING if problem else ProposalState.APPLIED
        row.decided_at = None if problem else now
        row.review_reason = problem
    entries = {
        (platform, name): pk for pk, platform, name in Entry.objects.values_list("pk", "platform_id", "name")
    }
    for _, row in listed:
        row.entry_id = entries.get((row.platform_id, row.name))
        applied = row.state == ProposalState.APPLIED
        _count(filed, (slugs[row.platform_id], row.name), "applied" if applied else "proposed")
    ProposedChange.objects.bulk_create([row for _, row in listed], batch_size=500)


def _supersede(rows: Sequence[ProposedChange], filed: SavedDifferences, now: datetime, note: str) -> None:
    filed.changes["superseded"] += len(rows)
    ProposedChange.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ProposalState.SUPERSEDED, decided_at=now, note=note
    )


# Deciding -----------------------------------------------------------------------------------------


def _still_waiting(proposals: Iterable[ProposedChange]) -> list[ProposedChange]:
    return list(pending_proposals().filter(pk__in=[proposal.pk for proposal in proposals]))


def _apply(
    rows: Sequence[ProposedChange], *, now: datetime, by: Any = None
) -> list[tuple[ProposedChange, Message | None]]:
    """Each row with why it was refused, None when it was applied. Rows of one feed are one edit of the catalog."""
    outcome: list[tuple[ProposedChange, Message | None]] = []
    for feed in sorted({row.feed for row in rows}):
        of_feed = [row for row in rows if row.feed == feed]
        origin = f"feed:{feed}"
        if not _apply_rows(of_feed, now=now, by=by, origin=origin):
            outcome += [(row, None) for row in of_feed]
            continue
        groups: dict[tuple[int, str], list[ProposedChange]] = {}
        # New entries first: others may refer to them.
        for row in sorted(of_feed, key=lambda row: row.field != ENTRY):
            groups.setdefault((row.platform_id, row.name), []).append(row)
        for group in groups.values():
            problem = _apply_rows(group, now=now, by=by, origin=origin)
            outcome += [(row, problem) for row in group]
    return outcome


def _apply_rows(rows: Sequence[ProposedChange], *, now: datetime, by: Any, origin: str) -> Message | None:
    """Apply rows as one edit of the catalog; the problem, if it is refused."""
    if not rows:
        return None
    confidence = {feed.name: feed.trust.confidence for feed in FEEDS.values()}
    today: date = now.date()
    try:
        apply_document(build_document(rows, today=today, confidence=confidence), now=now, origin=origin, by=by)
    except CatalogError as problem:
        return problem.problems[0].message
    return None


def _edited_copy(row: ProposedChange, **values: Any) -> ProposedChange:
    """The proposal with other values, for `_apply_rows`; never stored."""
    kept = ("feed", "platform", "name", "field", "region", "change", "new", "source_url", "seen_on")
    return ProposedChange(**{name: getattr(row, name) for name in kept} | values)


def _decide(row: ProposedChange, state: ProposalState, now: datetime, by: Any, note: str) -> None:
    """Record the decision on the proposal and in the audit log."""
    after = {"state": state.value, "note": note[:500]}
    before = {"state": row.state, "note": row.note}
    audit.record(row, before=before, after=after, now=now, origin=f"feed:{row.feed}", by=by)
    row.state, row.decided_at, row.decided_by, row.note = state, now, by, note[:500]
    if not row.entry_id:
        row.entry = Entry.objects.filter(platform=row.platform_id, name=row.name).first()
    row.save(update_fields=["state", "decided_at", "decided_by", "note", "entry"])


def _supersede_twins(rows: Sequence[ProposedChange], now: datetime) -> None:
    """Supersede pending proposals of other feeds with the same value, which the catalog now has."""
    for row in rows:
        twins = pending_proposals().filter(
            Q(platform=row.platform_id, name=row.name, field=row.field, region=row.region), ~Q(pk=row.pk)
        )
        same = [twin.pk for twin in twins if twin.new == row.new]
        ProposedChange.objects.filter(pk__in=same).update(
            state=ProposalState.SUPERSEDED, decided_at=now, note="the catalog says so now"
        )
