"""Synchronize the catalog with a feed: read, parse, check, compare, store. A feed that fails changes nothing."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from dashboard.catalog import snapshot
from dashboard.catalog.changes.load import load_catalog
from dashboard.catalog.feeds import diff, proposals, registry
from dashboard.catalog.feeds.base import FeedError, ParsedFeed
from dashboard.catalog.feeds.diff import CatalogIndex
from dashboard.catalog.feeds.download import DEFAULT_LIMITS, Copy, Limits, fetch, read_file
from dashboard.catalog.feeds.registry import Feed
from dashboard.catalog.models import FeedState

__all__ = ["FeedError", "SyncResult", "configured_feeds", "feed_location", "sync_all_feeds", "sync_feed"]


@dataclass(slots=True)
class SyncResult:
    """Counts of the records of one feed: `seen` is the sum of the other counts and of `skipped`.

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


def configured_feeds() -> dict[str, str]:
    """The feeds of `SUNDIAL_FEEDS`, with their locations. Raises FeedError for an invalid item."""
    return registry.parse_feed_setting(settings.SUNDIAL_FEEDS)


def feed_location(name: str) -> str:
    """The location of a feed: as configured, else its default address. Raises FeedError without one."""
    return configured_feeds().get(name) or registry.parse_feed_setting([name])[name]


def sync_all_feeds(now: datetime) -> list[SyncResult]:
    """Every feed of `SUNDIAL_FEEDS`, one after the other; a failure does not stop the others."""
    return [sync_feed(name, location, now=now) for name, location in configured_feeds().items()]


def sync_feed(
    name: str, location: str, *, now: datetime, anyway: bool = False, limits: Limits = DEFAULT_LIMITS
) -> SyncResult:
    """Compare the catalog with one feed, at an address or in a saved copy.

    A problem is in the result and on the sources page. `anyway` accepts a copy that shrank.
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
                state.entries, state.counts = len(parsed.items), _counts(result)
                state.etag, state.catalog = copy.etag, snapshot.token()
    except FeedError as problem:
        state.problem = problem.message
        state.save()
        return SyncResult(name, problem=str(problem.message))
    state.good_at, state.problem = now, None
    state.save()
    return result


def _read(feed: Feed, location: str, state: FeedState, limits: Limits) -> Copy:
    """The copy. Its ETag is sent only while the catalog is the one that the last copy was compared with."""
    scheme = urlsplit(location).scheme
    if scheme == registry.AWS:
        from dashboard.catalog.feeds.parsers import aws  # its client takes long to load

        return aws.list_models(location, limits)
    if scheme not in {"http", "https"}:
        return read_file(Path(location), limits)
    secret = str(getattr(settings, feed.secret)) if feed.secret else ""
    if feed.url and feed.secret and not secret:
        raise FeedError("setting_missing", setting=feed.secret)
    etag = state.etag if state.etag and state.catalog == snapshot.token() and not state.problem else ""
    return fetch(location, secret=secret, etag=etag, limits=limits)


def _check(parsed: ParsedFeed, state: FeedState, *, anyway: bool) -> None:
    """Refuse a copy that has lost over a third of its models or records since the last good one."""
    count, seen, seen_before = len(parsed.items), parsed.seen, state.counts.get("seen", 0)
    if not count:
        raise FeedError("feed_says_nothing", n=seen)
    if anyway:
        return
    command = f"manage.py catalog sync {state.name} --anyway"
    if count * 3 < state.entries * 2:
        raise FeedError("feed_shrank_models", before=state.entries, after=count, command=command)
    if seen * 3 < seen_before * 2:  # in some feeds most records have no sunset
        raise FeedError("feed_shrank_records", before=seen_before, after=seen, command=command)


def _compare(feed: Feed, parsed: ParsedFeed, now: datetime) -> SyncResult:
    index = CatalogIndex(load_catalog().document, now.date())
    skipped = Counter(parsed.skipped)
    result = SyncResult(feed.name, seen=parsed.seen)
    differing: list[diff.FieldDifference] = []
    compared: dict[tuple[str, str], list[diff.FieldDifference]] = {}
    subjects = [(item, *index.find_entry(item)) for item in parsed.items]
    index.coming = frozenset(
        (item.platform, diff.new_id(item))
        for item, key, reason in subjects
        if feed.trust.applies and not key and not reason and not item.review_reason
    )
    for item, key, reason in subjects:
        subject = key or (item.platform, diff.new_id(item))
        if reason or subject in compared:
            skipped[reason or "duplicate"] += 1
            continue
        differences = list(diff.find_differences(item, key, index))
        compared[subject] = [difference for difference in differences if not difference.outdated]
        if differences and not compared[subject]:
            result.outdated += 1
        elif not differences:
            result.unchanged += 1
        differing += compared[subject]
    filed = proposals.save_differences(feed.name, differing, now=now)
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
