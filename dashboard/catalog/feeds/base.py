"""The content of a feed in one shape: one `FeedItem` per model; and readers of untrusted values.

Pure. A parser turns the bytes of one feed into `Parsed`. Every record of the feed is accounted for: it is
behind an item (several records may fold into one) or it is counted under the reason why it was left out.
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
"""Platforms that publish earliest days: a date of theirs in a feed that does not tell floors may be one."""

EVIDENCE = 500


class FeedError(Exception):
    """A feed is not what it should be, or does not answer; `message` tells an operator why."""

    def __init__(self, code: str, **params: Any) -> None:
        self.message = Message(code, **params)
        super().__init__(code)

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True, slots=True)
class FeedItem:
    """What a feed says about one model or endpoint.

    A step whose `on` is None says that there is no such date; a kind of step that is not there says
    nothing. The precision "" is a date of which the feed cannot tell whether it is firm or a floor.
    `replacements` are ids, with `platform/` in front for another platform; None says nothing.
    """

    platform: str
    id: str
    steps: tuple[MilestoneDoc, ...] = ()
    replacements: tuple[str, ...] | None = None
    kind: str = ""
    released_on: date | None = None
    source_url: str = ""
    seen_on: date | None = None
    """The day on which the feed's maker read this; None where the feed does not say."""
    evidence: str = ""
    """The words of the record that were used, for a person who decides. Never prose of the feed."""
    also_platforms: tuple[str, ...] = ()
    """Other platforms whose model this may be, where the feed does not tell them apart."""
    aliases: tuple[AliasDoc, ...] = ()
    """Other names that call it, with their days where the feed tells them."""
    may_add: bool = True
    """Whether an id that the catalog does not know is one that calls send, and so an entry to make."""
    review_reason: Message | None = None
    """Why this needs a person to decide; None when nothing speaks against it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.platform, self.id


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """`seen` records = one per item + `skipped`, which counts reasons; `duplicate` is the reason of a further
    record of the same model."""

    seen: int
    items: tuple[FeedItem, ...]
    skipped: Counter[str] = field(default_factory=Counter)


class Records:
    """The records of one feed while a parser goes through them."""

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
        self.items.append(replace(item, evidence=item.evidence[:EVIDENCE]))

    def parsed(self) -> ParsedFeed:
        """Raises FeedError where so much is malformed that this is another feed, or another version of it."""
        if self.skipped["malformed"] * 10 > len(self.raw_records):
            raise FeedError("unknown_shape", n=self.skipped["malformed"], total=len(self.raw_records))
        items = merge_duplicates(self.items)
        self.skipped["duplicate"] += len(self.items) - len(items)
        return ParsedFeed(len(self.raw_records), items, +self.skipped)


def merge_duplicates(items: Iterable[FeedItem]) -> tuple[FeedItem, ...]:
    """One item per model, the first; where a later one has another date, it needs review."""
    found: dict[tuple[str, str], FeedItem] = {}
    for item in items:
        first = found.setdefault(item.key, item)
        if first is not item and item.steps and item.steps != first.steps and not first.review_reason:
            found[item.key] = replace(first, review_reason=Message("review_two_dates"))
    return tuple(found.values())


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
    """The names in a list of other names for one model; whatever else stands in it is left out."""
    items = value[:MAX_ALIASES] if isinstance(value, list) else ()
    return tuple(dict.fromkeys(found for item in items if (found := model_name(item))))


def url_or(value: Any, otherwise: str) -> str:
    """A web address, or `otherwise` where this is none."""
    return value if isinstance(value, str) and len(value) <= 500 and URL.fullmatch(value) else otherwise


def parse_day(value: Any) -> date | None:
    """The UTC day in `2024-01-04`, `2024-01-04T00:00:00Z` or a number of seconds since 1970; None without one.

    Raises ValueError for a value that is there and is no day in which models retire.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            found = date.fromisoformat(value) if len(value) == 10 else _instant(value).date()
        else:
            found = datetime.fromtimestamp(value, UTC).date()
    except (TypeError, ValueError, OverflowError, OSError):
        raise ValueError(f"{str(value)[:40]!r} is not a day") from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"{found} is no day in which models retire")
    return found


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text[:40])
    return found.astimezone(UTC) if found.tzinfo else found
