"""The common form of a feed's content: one `FeedItem` per model; and readers of untrusted values.

Pure. A parser turns the bytes of one feed into a `ParsedFeed`. Every record of the feed is part of an item
(several records may be merged into one) or counted as skipped, by reason.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson

from dashboard.catalog.documents import AliasDoc, MilestoneDoc
from dashboard.catalog.files.values import FIRST_YEAR, LAST_YEAR, URL
from dashboard.catalog.messages import Message

__all__ = [
    "FLOOR_PLATFORMS",
    "MAX_BYTES",
    "FeedError",
    "FeedItem",
    "ParsedFeed",
    "Records",
    "merge_duplicates",
    "model_name",
    "model_names",
    "parse_day",
    "parse_json",
    "url_or",
]

MAX_BYTES = 32 * 1024 * 1024
MAX_RECORDS = 50_000
MAX_ID = 200
MAX_ALIASES = 20
FLOOR_PLATFORMS = frozenset(
    {"anthropic", "aws-bedrock", "azure-foundry", "azure-openai", "gemini-api", "vertex-ai"}
)
"""Platforms that publish earliest days: in a feed that does not mark such floors, their dates may be floors."""

MAX_EVIDENCE = 500


class FeedError(Exception):
    """A feed cannot be read, or its content is not as expected; `message` gives the reason."""

    def __init__(self, code: str, **params: Any) -> None:
        self.message = Message(code, **params)
        super().__init__(code)

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One model or endpoint of a feed.

    A step with `on` None states that there is no such date; an absent kind of step states nothing. The
    precision "" means that the feed does not distinguish firm dates from floors. `replacements` are ids, with
    `platform/` in front for another platform; None states nothing.
    """

    platform: str
    id: str
    steps: tuple[MilestoneDoc, ...] = ()
    replacements: tuple[str, ...] | None = None
    kind: str = ""
    released_on: date | None = None
    source_url: str = ""
    seen_on: date | None = None
    """The day on which the feed's publisher read this; None if unknown."""
    evidence: str = ""
    """The values of the record that were used, for the reviewer. Never free text of the feed."""
    also_platforms: tuple[str, ...] = ()
    """Other platforms whose model this may be, where the feed does not distinguish them."""
    aliases: tuple[AliasDoc, ...] = ()
    """Other names of the model, with their days where the feed has them."""
    may_add: bool = True
    """Whether an id that is not in the catalog is one that calls use, so that an entry may be created."""
    review_reason: Message | None = None
    """Why this needs review; None if it does not."""

    @property
    def key(self) -> tuple[str, str]:
        return self.platform, self.id


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """`seen` records: one per item, and those in `skipped` by reason (`duplicate`: another record of a model)."""

    seen: int
    items: tuple[FeedItem, ...]
    skipped: Counter[str] = field(default_factory=Counter)


class Records:
    """Iterates over the records of one feed and collects items and skipped records."""

    def __init__(self, items: Iterable[Any]) -> None:
        self.raw_records = list(items)
        if len(self.raw_records) > MAX_RECORDS:
            raise FeedError("too_many_records", n=len(self.raw_records))
        self.skipped: Counter[str] = Counter()
        self.items: list[FeedItem] = []

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for item in self.raw_records:
            if isinstance(item, dict):
                yield item
            else:
                self.skip("malformed")

    def skip(self, reason: str) -> None:
        self.skipped[reason] += 1

    def add(self, item: FeedItem) -> None:
        self.items.append(replace(item, evidence=item.evidence[:MAX_EVIDENCE]))

    def parsed(self) -> ParsedFeed:
        """The result. Raises FeedError if over a tenth is malformed: another feed, or another version of it."""
        if self.skipped["malformed"] * 10 > len(self.raw_records):
            raise FeedError("unknown_shape", n=self.skipped["malformed"], total=len(self.raw_records))
        items = merge_duplicates(self.items)
        self.skipped["duplicate"] += len(self.items) - len(items)
        return ParsedFeed(len(self.raw_records), items, +self.skipped)


def merge_duplicates(items: Iterable[FeedItem]) -> tuple[FeedItem, ...]:
    """One item per model, the first; where a later one has another date, it needs review."""
    merged: dict[tuple[str, str], FeedItem] = {}
    for item in items:
        first = merged.setdefault(item.key, item)
        if first is not item and item.steps and item.steps != first.steps and not first.review_reason:
            merged[item.key] = replace(first, review_reason=Message("review_two_dates"))
    return tuple(merged.values())


def parse_json(content: bytes) -> Any:
    """The JSON document in `content`. Raises FeedError for anything else."""
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise FeedError("empty_answer")
    if start.startswith(b"<"):
        raise FeedError("web_page_not_json")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as problem:
        params = {"reason": problem.msg, "line": problem.lineno}
        if problem.pos < len(problem.doc) - 1:
            raise FeedError("answer_not_json", **params) from None
        raise FeedError("broken_off", problem=Message("answer_not_json", **params)) from None


# Values -------------------------------------------------------------------------------------------


def model_name(value: Any) -> str:
    """A model's id, or "" where this is none."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if len(text) <= MAX_ID and text.isprintable() else ""


def model_names(value: Any) -> tuple[str, ...]:
    """The names in a list of other names for one model; other values are left out."""
    items = value[:MAX_ALIASES] if isinstance(value, list) else ()
    return tuple(dict.fromkeys(name for item in items if (name := model_name(item))))


def url_or(value: Any, otherwise: str) -> str:
    """A web address, or `otherwise` where this is none."""
    return value if isinstance(value, str) and len(value) <= 500 and URL.fullmatch(value) else otherwise


def parse_day(value: Any) -> date | None:
    """The UTC day in `2024-01-04`, `2024-01-04T00:00:00Z` or a number of seconds since 1970; None without one.

    Raises ValueError for any other value, and for a year out of range.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            day = date.fromisoformat(value) if len(value) == 10 else _instant(value).date()
        else:
            day = datetime.fromtimestamp(value, UTC).date()
    except (TypeError, ValueError, OverflowError, OSError):
        raise ValueError(f"{str(value)[:40]!r} is not a day") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} is no day in which models retire")
    return day


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text[:40])
    return instant.astimezone(UTC) if instant.tzinfo else instant
