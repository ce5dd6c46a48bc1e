"""What every log format yields, and the bounds it must keep. Pure.

A format turns complete lines into sums: (hour, caller, called) -> measures. Nothing here or in
`formats/` keeps a prompt, a completion, a header or a key.
"""

import re
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any, NamedTuple

from xxhash import xxh3_64_intdigest

from dashboard.core.text import clean

__all__ = [
    "AT",
    "COUNTS",
    "FIRST_HOUR",
    "ID",
    "INTERNAL",
    "LINE",
    "MAX_COST",
    "MAX_COUNT",
    "OTHER",
    "SECONDS",
    "UNKNOWN",
    "Batch",
    "BucketValue",
    "CallEvidence",
    "CallRow",
    "Called",
    "Caller",
    "Group",
    "Measures",
    "Pair",
    "Reject",
    "add_measures",
    "checked_count",
    "clean",
    "cost_nano",
    "epoch_seconds",
    "id_hash",
    "last_hour",
    "merge_group",
    "redact",
]

INTERNAL, OTHER, UNKNOWN = "(gateway-internal)", "(other)", "(unknown)"
# Nobody sold a language model by the call before 2015: an earlier time is a broken clock.
FIRST_HOUR = int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()) // 3600
MAX_COUNT = 10**12
SECONDS = 1e11  # a time below it counts seconds since 1970, not milliseconds
MAX_COST = 10**6  # USD in one record
KEPT_REJECTS = 100  # per commit; further ones are counted, not kept

# How a batch counts its lines.
COUNTS = ("lines", "accepted", "rejected", "duplicates", "skipped")

# Calls, errors, gone, input tokens, output tokens, cost in nano-USD; None where the log has no number.
Measures = list[int | None]


class Caller(NamedTuple):
    """What a log knows about who called: the raw columns that application rules look at."""

    consumer: str
    team: str = ""
    key_alias: str = ""
    tags: str = ""
    service: str = ""
    user_agent: str = ""
    internal: bool = False


class Called(NamedTuple):
    """What was called. `platform` "" is unknown; `called_as` is exactly as logged, "" when not logged."""

    platform: str
    called_as: str
    endpoint: str = ""


# One line's contribution, a plain tuple because millions are made: its time in whole seconds since 1970, the
# format's own raw grouping key (explained later by `describe`), id, then the measures in order.
CallRow = tuple[int, tuple, str | None, int | None, int | None, int | None, int | None, int | None, int | None]


# Who called what.
Pair = tuple[Caller, Called]


class CallEvidence(NamedTuple):
    """The call that proves a use: its time in seconds since 1970, its line from 1 (0: unknown), its id or ""."""

    at: int
    line: int = 0
    id: str = ""


# What calls of one kind in one hour add up to: the measures in order, then the latest call's time, line and id.
Group = list[Any]
AT, LINE, ID = 6, 7, 8  # where a group holds them


class BucketValue(NamedTuple):
    """What an aggregated source reports for one key in one bucket; a later value replaces an earlier one.

    `key` is a digest of all dimensions of its rows, `start` seconds since 1970. `seconds` is the
    bucket's width, or 0 for a running total as it stood in the hour `start`.
    """

    key: str
    start: int
    seconds: int
    caller: Caller
    called: Called
    measures: tuple[int | None, ...]


class Reject(NamedTuple):
    """A line that could not be counted: its number from 1 and byte offset in the inflated content."""

    line: int
    offset: int
    reason: str
    sample: str


@dataclass
class Batch:
    """What a run of lines adds up to. `lines == accepted + rejected + duplicates + skipped`.

    `groups` are keyed by hour and by the numbers of caller and name in `callers` and `names`. `new_hashes` holds
    the hashes of ids by hour; `new_digests` further ones, eight bytes each, not yet compared with any. `last_hour`
    is the latest accepted hour, `checksum_before` the CRC-32 of the content before the lines (a line without an id
    is recognised by its place). `buckets`, by key and start, are what aggregated formats yield instead of calls.
    """

    last_hour: int
    checksum_before: int = 0
    callers: dict[Caller, int] = field(default_factory=dict)
    names: dict[Called, int] = field(default_factory=dict)
    groups: dict[tuple[int, int, int], Group] = field(default_factory=dict)
    new_hashes: dict[int, set[int]] = field(default_factory=dict)
    new_digests: dict[int, bytes] = field(default_factory=dict)
    buckets: dict[tuple[str, int], BucketValue] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    duplicates: int = 0
    skipped: int = 0

    def known_hashes(self, _hour: int) -> Container[int]:
        """The hashes of ids that were counted in an hour before this batch's own `new_hashes`."""
        return ()

    def reject(self, line: int, offset: int, reason: str, raw: bytes) -> None:
        self.rejected += 1
        if len(self.rejects) < KEPT_REJECTS:
            self.rejects.append(Reject(line, offset, clean(reason, 300), redact(raw)))

    def add_group(self, hour: int, pair: Pair, group: Group) -> None:
        """Add what one raw grouping key came to in an hour; the group is this batch's from then on."""
        caller, called = pair
        callers, names = self.callers, self.names
        key = hour, callers.setdefault(caller, len(callers)), names.setdefault(called, len(names))
        known = self.groups.setdefault(key, group)
        if known is not group:
            merge_group(known, group)

    @property
    def totals(self) -> dict[tuple[int, Caller, Called], Measures]:
        """The measures of each caller and name by hour."""
        callers, names = list(self.callers), list(self.names)
        return {(hour, callers[who], names[what]): group[:AT] for (hour, who, what), group in self.groups.items()}

    @property
    def latest(self) -> dict[Pair, CallEvidence]:
        """The latest call of each caller to each name."""
        callers, names = list(self.callers), list(self.names)
        found: dict[Pair, CallEvidence] = {}
        for (_, who, what), (*_, at, line, identifier) in self.groups.items():
            pair = callers[who], names[what]
            if pair not in found or (at, line) >= found[pair][:2]:
                found[pair] = CallEvidence(at, line, identifier or "")
        return found


def merge_group(group: Group, more: Group) -> None:
    """Add one group to another; what came later in time, or else in the file, is its latest call."""
    group[:AT] = [a if b is None else b if a is None else a + b for a, b in zip(group[:AT], more, strict=False)]
    if (more[AT], more[LINE]) >= (group[AT], group[LINE]):
        group[AT:] = more[AT:]


def add_measures(into: Measures, more: Measures) -> None:
    """Add `more` to `into`; a missing value adds nothing, and missing twice stays missing."""
    for index, value in enumerate(more):
        if value is not None:
            into[index] = value + (into[index] or 0)


def last_hour(now: datetime) -> int:
    """Clocks differ, days do not: the latest accepted hour is two days ahead."""
    return int((now + timedelta(days=2)).timestamp()) // 3600


def epoch_seconds(value: float | str) -> int:
    """A time in whole seconds since 1970: from ISO 8601 (UTC without a zone) or seconds, ms, us or ns.

    Raises ValueError without repeating the value.
    """
    if type(value) is float and 0 < value < SECONDS:
        return int(value)
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                raise ValueError("the time is neither ISO 8601 nor a number of seconds") from None
        else:
            return floor((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    if not -1e11 < value < 1e20:
        raise ValueError("the time is absurd")
    if value < SECONDS:
        return floor(value)
    unit = next(unit for unit in (1e3, 1e6, 1e9) if value / unit < SECONDS)
    return int(value / unit)


def checked_count(value: float | str | None, name: str) -> int | None:
    """A count from 0 to 1e12, from an integer, a whole float or digits; None stays None."""
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    if value is None:
        return None
    try:
        count = int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not a count") from None
    if not 0 <= count <= MAX_COUNT or count != float(value):
        raise ValueError(f"{name} is not a count from 0 to 1e12")
    return count


def cost_nano(value: float | None, name: str = "cost") -> int | None:
    """USD to whole nano-USD, so that sums do not drift."""
    if value is None:
        return None
    if not 0 <= value <= MAX_COST:
        raise ValueError(f"{name} is not an amount from 0 to 1e6 USD")
    return round(value * 1_000_000_000)


def id_hash(text: str) -> int:
    """The 64-bit number that stands for a record's id. It need not withstand forgers, only chance."""
    return xxh3_64_intdigest(text.encode())


_letters = re.compile(r"[^\W\d_]{3,}")
_digits = re.compile(r"\d{3,}")


def redact(raw: bytes, limit: int = 160) -> str:
    """The shape of a line: punctuation stays, every letter becomes x and every digit 0, long runs shortened."""
    text = raw[: limit * 8].decode("utf-8", "replace")
    shape = "".join(
        "x" if c.isalpha() else "0" if c.isdigit() else c if c.isascii() and c.isprintable() else "?" for c in text
    )
    shape = _digits.sub("000", _letters.sub("xxx", shape))
    return shape[: limit - 1] + "…" if len(shape) >= limit or len(raw) > limit * 8 else shape
