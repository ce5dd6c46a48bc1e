"""The objects under a prefix, listed in the order of their keys, from a day and from where a listing stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

from dashboard.usage.connectors.s3.client import Bucket, StoredObject
from dashboard.usage.connectors.s3.key_dates import parse_key_date
from dashboard.usage.models import ListingCursor, Source

__all__ = ["ListingPage", "advance", "finish", "get_cursor", "is_due", "list_pages", "start_or_resume"]

FULL_LISTING_EVERY = timedelta(days=1)
RETRY_EVERY = timedelta(hours=1)  # the same, when objects could not be read
MAX_COUNTED_PAGES = 500  # counted before a full listing, to show its progress


@dataclass(frozen=True)
class ListingPage:
    """The wanted objects of one page, and the key after which the listing continues."""

    objects: list[StoredObject]
    last: str


def list_pages(
    bucket: Bucket, prefix: str, after: str, first: date, skipped: Sequence[str] = ()
) -> Iterator[ListingPage]:
    """The pages after the key `after`, without what is dated before `first`.

    Folders of earlier days are skipped: the listing continues where the first day begins. A key without a date is
    dated by when the object was written.
    """
    more = True
    while more:
        items, more = bucket.list_page(prefix, after)
        wanted, skip_to = [], after
        for item in items:
            if item.key <= skip_to:
                continue
            key_date = parse_key_date(item.key)
            if key_date and key_date.day < first:
                skip_to = max(skip_to, key_date.start(first))
            elif (key_date or item.modified.date() >= first) and item.size and not _is_skipped(item.key, skipped):
                wanted.append(item)
        after = max(skip_to, items[-1].key) if items else after
        yield ListingPage(wanted, after)


def _is_skipped(key: str, patterns: Sequence[str]) -> bool:
    return key.endswith("/") or any(fnmatchcase(key, pattern) for pattern in patterns)


def get_cursor(source: Source, prefix: str, *, is_recent: bool) -> ListingCursor:
    return ListingCursor.objects.get_or_create(source=source, prefix=prefix, is_recent=is_recent)[0]


def is_due(cursor: ListingCursor, first: date, now: datetime) -> bool:
    """Whether a listing is to start or continue.

    Recent days are listed with every poll; all days at first, when `first` moves back, and once a day.
    """
    if (
        cursor.is_recent
        or cursor.after_key
        or cursor.finished_at is None
        or cursor.finished_at > now  # before the clock was set back
        or cursor.since is None
        or first < cursor.since
    ):
        return True
    return now - cursor.finished_at >= (RETRY_EVERY if cursor.failures else FULL_LISTING_EVERY)


def start_or_resume(
    cursor: ListingCursor, bucket: Bucket, first: date, skipped: Sequence[str], now: datetime
) -> date:
    """The first day of the listing under way; a new one starts at the first key.

    The objects of a first full listing are counted beforehand, for its progress.
    """
    if cursor.after_key and cursor.since is not None and (cursor.is_recent or cursor.since <= first):
        return cursor.since
    is_known = cursor.finished_at is not None and cursor.since is not None and first >= cursor.since
    if not is_known:
        cursor.finished_at = None
        cursor.total = None if cursor.is_recent else _count_objects(bucket, cursor.prefix, first, skipped)
    cursor.after_key, cursor.since, cursor.listed, cursor.failures, cursor.started_at = "", first, 0, 0, now
    cursor.save()
    return first


def advance(cursor: ListingCursor, page: ListingPage, failures: int) -> None:
    """Save that a page was read. A key longer than its column is cut, so a few keys are listed again."""
    cursor.after_key = page.last[:1100]
    cursor.listed += len(page.objects)
    cursor.failures += failures
    cursor.save(update_fields=["after_key", "listed", "failures"])


def finish(cursor: ListingCursor, now: datetime) -> None:
    cursor.after_key, cursor.finished_at = "", now
    cursor.save(update_fields=["after_key", "finished_at"])


def _count_objects(bucket: Bucket, prefix: str, first: date, skipped: Sequence[str]) -> int | None:
    total = 0
    for number, page in enumerate(list_pages(bucket, prefix, "", first, skipped)):
        if number >= MAX_COUNTED_PAGES:
            return None
        total += len(page.objects)
    return total
