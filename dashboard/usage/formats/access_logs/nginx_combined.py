"""nginx's combined log, as Apache and others write it too: the pattern of a line, and the fast path.

addr - user [28/Dec/2023:09:00:00 +0000] "METHOD URI PROTO" status bytes "referer" "user agent" ...
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from io import BytesIO

from isal.isal_zlib import crc32
from xxhash import xxh3_64_digest

from dashboard.usage.formats.access_logs import paths as access_paths
from dashboard.usage.formats.fast_path import FastPath, SlowPathLine
from dashboard.usage.records import FIRST_HOUR, Called, Group

__all__ = ["GONE", "LINE", "QUOTED", "NginxFastPath", "minute", "posted"]

GONE = frozenset({404, 410})
QUOTED = rb'"((?:[^"\\]|\\.)*)"'
_who = rb"(\S+) \S+ (\S+(?: \S+)*?) "
_time = rb"\[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2}) ([+-]\d{4})\] "
LINE = re.compile(_who + _time + QUOTED + rb" (\d{3}) (?:\d+|-)(?: " + QUOTED + rb" " + QUOTED + rb"(?: .*)?)?\s*")
WHO, TIME = re.compile(_who), re.compile(_time)
WIDTH = len("[28/Dec/2023:09:00:00 +0000] ")
MONTHS = {m: n for n, m in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
SECONDS = {b"%02d" % second: second for second in range(60)}
# Whether an answer failed, and whether it said that what was asked for is gone.
ANSWERS = {b" %03d " % code: (int(code >= 400), int(code in GONE)) for code in range(1000)}
CALLERS = 20_000  # kept for each run
# How what stands behind the user agent may begin.
ENDS = (b"\n", b" ")

# Who, the user agent, what was called.
Key = tuple[bytes, bytes, Called]


class NginxFastPath(FastPath):
    """Lines of the combined log without escaped characters. Their ids are their places, as for all without one."""

    def __init__(self, last_hour: int, before: int, offset: int) -> None:
        super().__init__(last_hour, before, offset)
        self.hours: dict[int, dict[Key, Group]] = {}
        self.callers: dict[bytes, bytes] = {}

    # One loop without calls of our own functions but cached ones, as in `LineFormat.decode`.
    def add_lines(self, data: bytes) -> list[SlowPathLine]:
        digest, callers, chain, last_hour = xxh3_64_digest, self.callers, self.chain, self.last_hour
        table: dict[Key, Group] = {}
        add_digest: Callable[[bytes], None] = list[bytes]().append
        slow_lines: list[SlowPathLine] = []
        began = zone = b""
        skipped = start = 0
        number = self.lines - 1
        source = BytesIO(data)
        for number, raw in enumerate(source, self.lines):
            before, chain = chain, crc32(raw, chain)
            try:
                head, request, answer, _, gap, agent, rest = raw.split(b'"')
                time, size = head[-WIDTH:], answer[5:].removesuffix(b" ")
                if time[:19] != began or time[21:] != zone:
                    start = _start(time)
                    began, zone, hour = time[:19], time[21:], start // 3600
                    if not FIRST_HOUR <= hour <= last_hour:
                        began = b""
                        raise ValueError  # noqa: TRY301
                    table = self.hours.setdefault(hour, {})
                    add_digest = self.digests.setdefault(hour, []).append
                at = start + SECONDS[time[19:21]]
                failed, gone = ANSWERS[answer[:5]]
                if b"\\" in raw or gap != b" " or rest[:1] not in ENDS or not (size.isdigit() or size == b"-"):
                    raise ValueError  # noqa: TRY301
            except (ValueError, KeyError):
                slow_lines.append(SlowPathLine(number, source.tell(), raw))
                continue
            who = callers.get(head[:-WIDTH]) or self._caller(head[:-WIDTH])
            if not who:
                slow_lines.append(SlowPathLine(number, source.tell(), raw))
                continue
            called = posted(request)
            if called is None:
                skipped += 1
                continue
            add_digest(digest(raw.removesuffix(b"\n"), before))
            key = who, agent, called
            try:
                group = table[key]
            except KeyError:
                group = table[key] = [0, 0, 0, None, None, None, 0, 0, None]
            group[0] += 1
            if failed:
                group[1] += 1
                group[2] += gone
            if at >= group[6]:
                group[6], group[7] = at, number
        self.chain = chain
        self.lines = number + 1
        self.skipped += skipped
        return slow_lines

    def total_groups(self) -> Iterator[tuple[int, tuple, Group]]:
        for hour, table in self.hours.items():
            for key, group in table.items():
                yield hour, key, group

    def _caller(self, text: bytes) -> bytes:
        """The user, or the address without one; b"" where neither can be read."""
        if len(self.callers) > CALLERS:
            self.callers.clear()
        found = WHO.fullmatch(text)
        address, user = found.groups() if found else (b"", b"-")
        who = self.callers[text] = address if user == b"-" else user
        return who


@lru_cache(maxsize=10_000)
def posted(request: bytes) -> Called | None:
    """What `POST /uri HTTP/1.1` calls; None for another method, or what is no HTTP or no model call."""
    parts = request.split(b" ")
    if len(parts) != 3 or parts[0] != b"POST" or not parts[2].startswith(b"HTTP/"):
        return None
    return access_paths.called_by_path("" if parts[1] == b"-" else parts[1].decode("utf-8", "replace"), "")


@lru_cache(maxsize=4000)
def minute(text: bytes, zone: bytes) -> int:
    """Seconds since 1970 at `28/Dec/2023:09:30`, `+0530`."""
    try:
        shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5])) * (-1 if zone[:1] == b"-" else 1)
        day = int(text[7:11]), MONTHS[text[3:6]], int(text[:2])
        at = datetime(*day, int(text[12:14]), int(text[15:17]), tzinfo=timezone(shift))
    except (KeyError, ValueError):
        raise ValueError("the time is not a day and hour") from None
    return int(at.timestamp())


def _start(time: bytes) -> int:
    """The minute in which `[28/Dec/2023:09:00:00 +0000] ` lies. Raises ValueError when it is none."""
    found = TIME.fullmatch(time)
    if not found:
        raise ValueError
    return minute(found[1][:17], found[2])
