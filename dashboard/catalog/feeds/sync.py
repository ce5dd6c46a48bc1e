"""Comparing the catalog with a feed: read, parse, check, compare, file. A feed that fails changes nothing."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from dashboard.catalog import snapshot
from dashboard.catalog.changes.load import gather
from dashboard.catalog.feeds import diff, proposals, registry
from dashboard.catalog.feeds.base import FeedError, Parsed
from dashboard.catalog.feeds.diff import Known
from dashboard.catalog.feeds.download import USUAL, Copy, Limits, fetch, read_file
from dashboard.catalog.feeds.registry import Feed
from dashboard.catalog.models import FeedState

__all__ = ["FeedError", "SyncResult", "location_of", "sync", "sync_all", "wanted"]


@dataclass(slots=True)
class SyncResult:
    """What became of the records of one feed: `seen` is the sum of the other counts and of `skipped`.

    `proposed` are new today, `waiting` and `rejected` were known; `outdated` are records that the feed
    read before the catalog read its own source. `changes` counts single differences instead of records.
    """

    feed: str
    seen: int = 0
    unchanged: int = 0
    applied: int = 0
    proposed: int = 0
    waiting: int = 0
    rejected: int = 0
    outdated: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    not_modified: bool = False
    problem: str = ""


def wanted() -> dict[str, str]:
    """The feeds of `SUNDIAL_FEEDS`, and where they are. Raises FeedError for a word that makes no sense."""
    return registry.wanted(settings.SUNDIAL_FEEDS)


def location_of(name: str) -> str:
    """Where a feed is read that somebody asks for by name. Raises FeedError when nobody has said where."""
    return wanted().get(name) or registry.wanted([name])[name]


def sync_all(now: datetime) -> list[SyncResult]:
    """Every feed of `SUNDIAL_FEEDS`, one after the other; one that fails holds back no other."""
    return [sync(name, location, now=now) for name, location in wanted().items()]


def sync(name: str, location: str, *, now: datetime, anyway: bool = False, limits: Limits = USUAL) -> SyncResult:
    """Compare the catalog with one feed, at an address or in a saved copy.

    What went wrong is in the answer and on the sources page. `anyway` takes a copy that shrank.
    """
    feed = registry.FEEDS[name]
    state = FeedState.objects.filter(pk=name).first() or FeedState(name=name)
    state.location, state.tried_at = _public(location), now
    try:
        copy = _read(feed, location, state, limits)
        if copy.content is None:
            result = SyncResult(name, seen=0, not_modified=True)
        else:
            parsed = feed.parse(copy.content)
            _check(parsed, state, anyway=anyway)
            with transaction.atomic():
                snapshot.lock()
                result = _compare(feed, parsed, now)
                state.entries, state.counts = len(parsed.facts), _counts(result)
                state.etag, state.catalog = copy.etag, snapshot.token()
    except FeedError as problem:
        state.problem = str(problem)[:500]
        state.save()
        return SyncResult(name, problem=state.problem)
    state.good_at, state.problem = now, ""
    state.save()
    return result


def _read(feed: Feed, location: str, state: FeedState, limits: Limits) -> Copy:
    """The copy; unchanged ones are not sent again while the catalog they were compared with is the same."""
    scheme = urlsplit(location).scheme
    if scheme == registry.AWS:
        from dashboard.catalog.feeds.parsers import aws  # its client takes long to load

        return aws.list_models(location, limits)
    if scheme not in {"http", "https"}:
        return read_file(Path(location), limits)
    secret = str(getattr(settings, feed.secret)) if feed.secret else ""
    if feed.url and feed.secret and not secret:
        raise FeedError(f"{feed.secret} is not set")
    etag = state.etag if state.etag and state.catalog == snapshot.token() and not state.problem else ""
    return fetch(location, secret=secret, etag=etag, limits=limits)


def _check(parsed: Parsed, state: FeedState, *, anyway: bool) -> None:
    """Refuse a copy that lost too much against the last good one to be the same feed."""
    count, seen, seen_before = len(parsed.facts), parsed.seen, state.counts.get("seen", 0)
    if not count:
        raise FeedError(f"says nothing about any model ({seen} records)")
    if anyway:
        return
    command = f"manage.py catalog sync {state.name} --anyway"
    if count * 3 < state.entries * 2:
        raise FeedError(f"shrank from {state.entries} to {count} models; if that is right: {command}")
    if seen * 3 < seen_before * 2:  # most records of some feeds say nothing about a sunset
        raise FeedError(f"shrank from {seen_before} to {seen} records; if that is right: {command}")


def _compare(feed: Feed, parsed: Parsed, now: datetime) -> SyncResult:
    known = Known(gather().document, now.date())
    skipped = Counter(parsed.skipped)
    result = SyncResult(feed.name, seen=parsed.seen)
    differing: list[diff.Found] = []
    compared: dict[tuple[str, str], list[diff.Found]] = {}
    subjects = [(fact, *known.subject(fact)) for fact in parsed.facts]
    known.coming = frozenset(
        (fact.platform, diff.new_id(fact))
        for fact, key, reason in subjects
        if feed.trust.applies and not key and not reason and not fact.doubt
    )
    for fact, key, reason in subjects:
        subject = key or (fact.platform, diff.new_id(fact))
        if reason or subject in compared:
            skipped[reason or "folded"] += 1
            continue
        found = list(diff.differences(fact, key, known))
        compared[subject] = [one for one in found if not one.outdated]
        if found and not compared[subject]:
            result.outdated += 1
        elif not found:
            result.unchanged += 1
        differing += compared[subject]
    filed = proposals.file(feed.name, differing, now=now)
    outcomes = Counter(filed.outcomes.values())
    result.applied, result.proposed = outcomes["applied"], outcomes["proposed"]
    result.waiting, result.rejected = outcomes["waiting"], outcomes["rejected"]
    result.skipped, result.changes = dict(sorted(skipped.items())), dict(sorted(filed.changes.items()))
    return result


def _counts(result: SyncResult) -> dict[str, Any]:
    names = ("seen", "unchanged", "applied", "proposed", "waiting", "rejected", "outdated", "skipped")
    return {name: getattr(result, name) for name in names}


def _public(location: str) -> str:
    """An address as pages may show it: without credentials and query, which may hold a key."""
    parts = urlsplit(location)
    if parts.scheme not in {"http", "https"}:
        return location[:500]
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"[:500]
