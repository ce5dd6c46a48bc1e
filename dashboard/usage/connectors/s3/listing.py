"""The objects under a prefix, listed in the order of their keys, from a day on and from where a walk stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

from dashboard.usage.connectors.s3.client import Bucket, StoredObject
from dashboard.usage.connectors.s3.key_dates import parse_key_date
from dashboard.usage.models import ListingCursor, Source

__all__ = ["ListingPage", "advance", "finish", "get_cursor", "is_due", "list_pages", "start_or_resume"]

EVERY = timedelta(days=1)  # how often everything is listed, beside what is dated recently
AGAIN = timedelta(hours=1)  # the same, when objects could not be had
COUNTED = 500  # pages of a listing that are counted beforehand, for the progress


@dataclass(frozen=True)
class ListingPage:
    """Objects of one page that are wanted, and the key behind which the listing goes on."""

    objects: list[StoredObject]
    last: str


def list_pages(
    bucket: Bucket, prefix: str, after: str, first: date, skipped: Sequence[str] = ()
) -> Iterator[ListingPage]:
    """Page by page what lies behind the key `after` and is not dated before `first`.

    Folders of days before are not listed: the listing is asked to go on where the first day begins. What
    names no day in its key is dated by when it was written.
    """
    more = True
    while more:
        listed, more = bucket.page(prefix, after)
        wanted, behind = [], after
        for one in listed:
            if one.key <= behind:
                continue
            shelf = parse_key_date(one.key)
            if shelf and shelf.day < first:
                behind = max(behind, shelf.start(first))
            elif (shelf or one.modified.date() >= first) and one.size and not _is_skipped(one.key, skipped):
                wanted.append(one)
        after = max(behind, listed[-1].key) if listed else after
        yield ListingPage(wanted, after)


def _is_skipped(key: str, patterns: Sequence[str]) -> bool:
    return key.endswith("/") or any(fnmatchcase(key, pattern) for pattern in patterns)


def get_cursor(source: Source, prefix: str, *, front: bool) -> ListingCursor:
    return ListingCursor.objects.get_or_create(source=source, prefix=prefix, front=front)[0]


def is_due(walk: ListingCursor, first: date, now: datetime) -> bool:
    """Whether there is a walk to begin or to go on with.

    Recent days are walked with every poll; everything at first, when it is to go further back, and every day.
    """
    if walk.front or walk.cursor or walk.finished_at is None or walk.since is None or first < walk.since:
        return True
    return now - walk.finished_at >= (AGAIN if walk.failures else EVERY)


def start_or_resume(
    walk: ListingCursor, bucket: Bucket, first: date, skipped: Sequence[str], now: datetime
) -> date:
    """The day from which the walk under way looks; a new one begins at the first key.

    How many objects lie before a new one is counted where its progress will be asked for.
    """
    if walk.cursor and walk.since is not None and (walk.front or walk.since <= first):
        return walk.since
    is_known = walk.finished_at is not None and walk.since is not None and first >= walk.since
    if not is_known:
        walk.finished_at = None
        walk.total = None if walk.front else _counted(bucket, walk.prefix, first, skipped)
    walk.cursor, walk.since, walk.listed, walk.failures, walk.started_at = "", first, 0, 0, now
    walk.save()
    return first


def advance(walk: ListingCursor, page: ListingPage, failures: int) -> None:
    """A page is dealt with. A key longer than its column is cut, so that a few keys are listed again."""
    walk.cursor = page.last[:1100]
    walk.listed += len(page.objects)
    walk.failures += failures
    walk.save(update_fields=["cursor", "listed", "failures"])


def finish(walk: ListingCursor, now: datetime) -> None:
    walk.cursor, walk.finished_at = "", now
    walk.save(update_fields=["cursor", "finished_at"])


def _counted(bucket: Bucket, prefix: str, first: date, skipped: Sequence[str]) -> int | None:
    total = 0
    for number, page in enumerate(list_pages(bucket, prefix, "", first, skipped)):
        if number >= COUNTED:
            return None
        total += len(page.objects)
    return total
