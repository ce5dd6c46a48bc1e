"""The fast path for LiteLLM's StandardLoggingPayload: successful calls with the types that LiteLLM writes.

Failures need their error read, and Azure's answers name the model: such lines go to `standard_logging`.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Annotated, Literal

import msgspec
from xxhash import xxh3_64_digest

from dashboard.usage.formats.fast_path import NEEDS_SLOW_PATH, NO_CALL, FastPath, SlowPathLine
from dashboard.usage.formats.litellm import common as litellm
from dashboard.usage.records import FIRST_HOUR, MAX_COST, MAX_COUNT, SECONDS, Group

__all__ = ["LiteLLMFastPath"]


class FastPathMetadata(msgspec.Struct, gc=False, frozen=True):
    """The same fields as `Metadata`, hashed and compared by the decoder itself."""

    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    internal_call_origin: str | None = None


Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class FastPathPayload(msgspec.Struct, gc=False):
    """What nearly all lines are, in the order of the log, its numbers as numbers within their bounds."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    call_type: str
    status: Literal["success", "failure"]
    startTime: Annotated[float, msgspec.Meta(ge=0, lt=SECONDS)]  # noqa: N815
    model: str
    metadata: FastPathMetadata
    custom_llm_provider: str | None = None
    response_cost: Annotated[float, msgspec.Meta(ge=0, le=MAX_COST)] | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    request_tags: tuple[str, ...] | None = None
    user_agent: str | None = None


_decode = msgspec.json.Decoder(FastPathPayload).decode


class LiteLLMFastPath(FastPath):
    def __init__(self, last_hour: int, before: int, offset: int) -> None:
        super().__init__(last_hour, before, offset)
        # By hour and by the hash of a line's texts; the first line of each group follows its totals.
        self.hours: dict[int, dict[int, Group]] = {}
        self.begin = self.end = 0

    # One loop without calls of our own functions, as in `LineFormat.decode`: it decodes most bytes of a gateway.
    def add_lines(self, data: bytes) -> list[SlowPathLine]:
        decode, digest, last_hour = _decode, xxh3_64_digest, self.last_hour
        begin, end = self.begin, self.end
        table, add_digest = self._hour(begin // 3600) if end else ({}, list[bytes]().append)
        slow_lines: list[SlowPathLine] = []
        skipped = 0
        number = self.lines - 1
        source = BytesIO(data)
        for number, raw in enumerate(source, self.lines):
            try:
                record = decode(raw)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                slow_lines.append(SlowPathLine(number, source.tell(), raw))
                continue
            at = record.startTime
            if at >= end or at < begin:
                hour = int(at) // 3600
                if not FIRST_HOUR <= hour <= last_hour:
                    slow_lines.append(SlowPathLine(number, source.tell(), raw))
                    continue
                begin, end = hour * 3600, hour * 3600 + 3600
                table, add_digest = self._hour(hour)
            # Comparing a dozen texts with those of a group, which are in no cache, would cost more than all else:
            # their hash of 64 bits stands for them, which Python salts anew in each process.
            key = hash(
                (
                    record.metadata,
                    record.model,
                    record.custom_llm_provider,
                    record.call_type,
                    record.user_agent,
                    record.request_tags,
                    record.status,
                )
            )
            group = table.get(key)
            if group is None:
                group = table[key] = _group(record)
            if not group:
                if group is NO_CALL:
                    skipped += 1
                else:
                    slow_lines.append(SlowPathLine(number, source.tell(), raw))
                continue
            identifier, input_tokens, output_tokens, cost = (
                record.id,
                record.prompt_tokens,
                record.completion_tokens,
                record.response_cost,
            )
            add_digest(digest(identifier.encode()))
            group[0] += 1
            if input_tokens is not None:
                group[3] = input_tokens + (group[3] or 0)
            if output_tokens is not None:
                group[4] = output_tokens + (group[4] or 0)
            if cost is not None:
                group[5] = round(cost * 1e9) + (group[5] or 0)
            if at >= group[6]:
                group[6], group[7], group[8] = int(at), number, identifier
        self.begin, self.end = begin, end
        self.lines = number + 1
        self.skipped += skipped
        return slow_lines

    def _hour(self, hour: int) -> tuple[dict[int, Group], Callable[[bytes], None]]:
        return self.hours.setdefault(hour, {}), self.digests.setdefault(hour, []).append

    def total_groups(self) -> Iterator[tuple[int, tuple, Group]]:
        for hour, table in self.hours.items():
            for group in filter(None, table.values()):
                record: FastPathPayload = group.pop()
                who = record.metadata
                names = who.user_api_key_team_alias, who.user_api_key_team_id
                keys = who.user_api_key_alias, who.user_api_key_hash
                how = record.request_tags, record.user_agent, who.internal_call_origin
                yield (
                    hour,
                    (*names, *keys, *how, record.model, record.custom_llm_provider, record.call_type, ""),
                    group,
                )


def _group(record: FastPathPayload) -> Group:
    """An empty one for lines like this, or what stands in its place."""
    if not litellm.is_call(record.call_type):
        return NO_CALL
    # Failures need their error read, and on Azure the response names the model.
    if record.status != "success" or record.custom_llm_provider in litellm.AZURE:
        return NEEDS_SLOW_PATH
    return [0, 0, 0, None, None, None, 0, 0, "", record]
