"""A first look into a source, by its kind: a little is read in bounded time and memory, and nothing is written.

What keeps a source from being looked at is raised as a `NoGlimpse`, which says what to do about it.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from dashboard.usage.blocks import HEAD, MAX_LINE
from dashboard.usage.content import Content, ContentError
from dashboard.usage.formats.aggregated import Aggregated
from dashboard.usage.formats.detect import detect
from dashboard.usage.formats.documents import DocumentFormat, is_document, is_json
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.registry import AUTO, FORMATS
from dashboard.usage.readings import DAY, HOUR
from dashboard.usage.records import Batch, Called, Caller, Reading, Reject, last_hour
from dashboard.usage.sources import http, sql
from dashboard.usage.sources.delivery import DeliveryError
from dashboard.usage.sources.secrets import SecretError, secret
from dashboard.usage.sources.tables import table_of

__all__ = ["RECORDS", "Glimpse", "NoGlimpse", "Seen", "into_api", "into_database", "into_file", "newest"]

RECORDS = 20
BYTES = 256 << 10  # inflated, of a file of lines
QUESTION_SECONDS, DATABASE_SECONDS, API_SECONDS = 10, 25, 15
FURTHEST_DAYS = 400  # how far back a table is searched for its newest rows
API_DAYS = 7


class NoGlimpse(Exception):  # noqa: N818  named for what it means to whoever looks
    """Why there is nothing to see: a sentence without secrets, and what to do about it ("" if that says it)."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


@dataclass(frozen=True, slots=True)
class Seen:
    """What one record says: `start` in seconds since 1970, for how many `seconds`, and measures as in rollups."""

    start: int
    seconds: int
    caller: Caller
    called: Called
    measures: tuple[int | None, ...]


@dataclass
class Glimpse:
    """What a first look found. The counts are of everything that was looked at, `seen` are the first of it."""

    place: str
    format: str
    why: str
    seen: list[Seen] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    is_whole: bool = True

    def count(self, batch: Batch) -> None:
        self.rejects = batch.rejects
        self.accepted, self.rejected, self.skipped = batch.accepted, batch.rejected, batch.skipped


# Files --------------------------------------------------------------------------------------------------------


def into_file(path: Path, format_name: str, config: Mapping[str, Any], now: datetime) -> Glimpse:
    """The beginning of one file, plain or compressed. Raises NoGlimpse."""
    try:
        with Content(path) as content:
            head = content.read(BYTES)
            if len(head) == BYTES and b"\n" not in head:
                head += content.read(MAX_LINE)
            name, why = _named(format_name, head)
            reader = FORMATS[name]
            if isinstance(reader, Aggregated):
                reader = reader.opened(head[:HEAD], config)
            glimpse = Glimpse(str(path), name, why)
            if isinstance(reader, DocumentFormat) and _is_document(reader, head):
                head += content.read(MAX_LINE)
                _document(reader, head, glimpse, now, ended=not content.read(1))
            else:
                _lines(reader, head, glimpse, now, ended=not content.read(1))
    except ContentError as problem:
        raise NoGlimpse(f"{path} {problem}") from None
    return glimpse


def _named(format_name: str, head: bytes) -> tuple[str, str]:
    """The format and why it is that one."""
    if format_name != AUTO:
        if format_name not in FORMATS:
            raise NoGlimpse(_("There is no such format"))
        return format_name, ""
    found = detect(head[:HEAD])
    if not found.format:
        raise NoGlimpse(
            _("The format could not be told: %(why)s") % {"why": found.why},
            _("Choose the format from the list, or name a file that Sundial knows."),
        )
    return found.format, found.why


def _is_document(reader: DocumentFormat, head: bytes) -> bool:
    first, newline, _rest = head.lstrip().partition(b"\n")
    return (is_document(head[:HEAD]) or reader.is_document(head)) and not (newline and is_json(first))


def _document(reader: DocumentFormat, data: bytes, glimpse: Glimpse, now: datetime, *, ended: bool) -> None:
    if not ended:
        raise NoGlimpse(
            _("The file is one JSON document of more than %(n)s MiB, too long for a test") % {"n": MAX_LINE >> 20},
            _("Try a shorter one; files of one record per line may be of any length."),
        )
    batch = Batch(last_hour(now))
    reader.decode_document(data, batch, 1, 0)
    glimpse.count(batch)
    glimpse.seen = _seen(batch)[:RECORDS]


def _lines(reader: Format, data: bytes, glimpse: Glimpse, now: datetime, *, ended: bool) -> None:
    """Count all complete lines, then read them once more one by one, as the counting adds them up."""
    if not ended:
        data = data[: data.rfind(b"\n") + 1]
        glimpse.is_whole = False
    if not data.strip():
        raise NoGlimpse(_("%(place)s has no complete line yet") % {"place": glimpse.place})
    batch = Batch(last_hour(now))
    reader.decode(data, batch, 1, 0)
    glimpse.count(batch)
    offset = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        if len(glimpse.seen) >= RECORDS:
            break
        if raw:
            one = Batch(last_hour(now))
            reader.decode(raw + b"\n", one, number, offset)
            glimpse.seen += _seen(one)
        offset += len(raw) + 1
    del glimpse.seen[RECORDS:]


def _seen(batch: Batch) -> list[Seen]:
    sums = [
        Seen(hour * HOUR, HOUR, caller, called, tuple(measures))
        for (hour, caller, called), measures in batch.sums.items()
    ]
    return sums + _told(batch.readings.values())


def _told(readings: Iterable[Reading]) -> list[Seen]:
    return [Seen(r.start, r.seconds, r.caller, r.called, tuple(r.measures)) for r in readings]


# What is asked ------------------------------------------------------------------------------------------------


def into_database(config: Mapping[str, Any], now: datetime) -> Glimpse:
    """The newest bucket of a table in which there is anything. Raises NoGlimpse."""
    try:
        with sql.connected(secret(config.get("url")), QUESTION_SECONDS) as connection:
            table = table_of(config, connection)
            begun = time.monotonic()

            def rows(begin: int, end: int, most: int = 1) -> tuple[list[Reading], int, list[str]]:
                _check_patience(begun)
                return sql.asked(connection, table, begin, end, now, most)

            def is_any(begin: int, end: int) -> bool:
                readings, _accepted, wrong = rows(begin, end)
                return bool(readings or wrong)

            until = (int(now.timestamp()) // table.step + 1) * table.step
            span = newest(is_any, until, table.step, until - FURTHEST_DAYS * DAY)
            if span is None:
                raise NoGlimpse(
                    _("The table %(table)s has no rows of the last %(n)s days")
                    % {"table": table.name, "n": FURTHEST_DAYS},
                    _("Check that the column of the time is the right one."),
                )
            readings, accepted, wrong = rows(*span, RECORDS)
    except SecretError as problem:
        raise NoGlimpse(str(problem), _advice_on_secret()) from None
    except DeliveryError as problem:
        raise NoGlimpse(str(problem)) from None
    except SQLAlchemyError as problem:
        raise NoGlimpse(
            _("The database answers: %(words)s") % {"words": sql.in_words(problem)},
            _("Check the address in the variable, and that its user may read the table."),
        ) from None
    except ModuleNotFoundError as missing:
        raise NoGlimpse(
            _("The package %(name)s is not installed, which this kind of database needs")
            % {"name": missing.name or "?"},
            _("Install it beside Sundial; docs/sources.md says which."),
        ) from None
    why = _("sums of one bucket, as the database adds them up")
    glimpse = Glimpse(table.name, str(config.get("preset") or "columns"), why, is_whole=False)
    glimpse.seen = _told(readings)
    glimpse.rejects = [Reject(0, 0, reason, "") for reason in wrong]
    glimpse.accepted, glimpse.rejected = accepted, len(wrong)
    return glimpse


def _check_patience(begun: float) -> None:
    if time.monotonic() - begun > DATABASE_SECONDS:
        raise DeliveryError(_("The database takes too long: give the column of the time an index"))


def newest(is_any: Callable[[int, int], bool], until: int, step: int, furthest: int) -> tuple[int, int] | None:
    """The newest bucket before `until` in which `is_any(begin, end)`; None when there is none back to `furthest`.

    Asks for spans that double in length, then halves the one that held something: a few questions even when
    nothing was written for a year. All three are seconds since 1970, whole numbers of `step` apart.
    """
    end, width = until, step
    begin = end
    while end > furthest:
        begin = max(furthest, end - width)
        if is_any(begin, end):
            break
        end, width = begin, width * 2
    else:
        return None
    while end - begin > step:
        middle = end - (end - begin) // step // 2 * step
        if is_any(middle, end):
            begin = middle
        else:
            end = middle
    return begin, end


def into_api(config: Mapping[str, Any], now: datetime) -> Glimpse:
    """One page of the first endpoint, of the last days. Raises NoGlimpse."""
    try:
        provider, base, endpoints = http.checked(config)
        client = http.Client(base, provider.headers(secret(config.get("key"))), patience=0.0, timeout=API_SECONDS)
        tomorrow = (int(now.timestamp()) // DAY + 1) * DAY
        path = provider.path.format(endpoint=endpoints[0])
        body, more = client.page(path, provider.query(tomorrow - API_DAYS * DAY, tomorrow))
    except SecretError as problem:
        raise NoGlimpse(str(problem), _advice_on_secret()) from None
    except DeliveryError as problem:
        raise NoGlimpse(str(problem)) from None
    batch = Batch(last_hour(now))
    FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
    why = _("the answer of the provider, for the last %(n)s days") % {"n": API_DAYS}
    glimpse = Glimpse(f"{base}{path}", provider.format, why, is_whole=not more)
    glimpse.count(batch)
    glimpse.seen = sorted(_told(batch.readings.values()), key=lambda one: -one.start)[:RECORDS]
    return glimpse


def _advice_on_secret() -> str:
    return _("Set it where Sundial runs, such as in .env, and start Sundial again.")
