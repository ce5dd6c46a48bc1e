"""LiteLLM's StandardLoggingPayload, as its S3, GCS, Azure Blob and generic loggers write it.

Times are float seconds (strings in some exports). A failure's `id` is made anew on each delivery, so
failures are recognised by their call id and start instead.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Raw
from xxhash import xxh3_64_digest

from dashboard.usage.formats import litellm
from dashboard.usage.formats.lines import Sample
from dashboard.usage.formats.quick import Odd, QuickFormat, bulk
from dashboard.usage.records import (
    AT,
    FIRST_HOUR,
    MAX_COST,
    MAX_COUNT,
    SECONDS,
    Batch,
    Called,
    Caller,
    Group,
    Row,
    cost_nano,
    seconds_of,
    tokens,
)

__all__ = ["LiteLLMStandardLogging"]

_nothing = Raw(b"null")


class Metadata(msgspec.Struct, gc=False):
    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    internal_call_origin: str | None = None


class Payload(msgspec.Struct, gc=False):
    startTime: float | int | str  # noqa: N815  as LiteLLM names it
    call_type: str
    model: str | None = None
    id: str | None = None
    custom_llm_provider: str | None = None
    status: str | None = None
    prompt_tokens: float | int | str | None = None
    completion_tokens: float | int | str | None = None
    response_cost: float | int | None = None
    user_agent: str | None = None
    metadata: Metadata | str | None = None
    litellm_call_id: str | None = None
    error_str: str | None = None
    # Decoded when needed only.
    request_tags: Raw = _nothing
    error_information: Raw = _nothing
    response: Raw = _nothing


class Who(msgspec.Struct, gc=False, frozen=True):
    """The same fields as `Metadata`, hashed and compared by the decoder itself."""

    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    internal_call_origin: str | None = None


Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class Plain(msgspec.Struct, gc=False):
    """What nearly all lines are, in the order of the log, its numbers as numbers within their bounds."""

    id: str
    call_type: str
    status: Literal["success", "failure"]
    startTime: Annotated[float, msgspec.Meta(ge=0, lt=SECONDS)]  # noqa: N815
    model: str
    metadata: Who
    custom_llm_provider: str | None = None
    response_cost: Annotated[float, msgspec.Meta(ge=0, le=MAX_COST)] | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    request_tags: tuple[str, ...] | None = None
    user_agent: str | None = None


_no_metadata = Metadata()
_plain = msgspec.json.Decoder(Plain).decode
_metadata = msgspec.json.Decoder(Metadata)
# What stands in a group's place where there is none: lines that are no call, and those that need a closer look.
NO_CALL: Group = []
UNUSUAL: Group = [None]

# What else a line is told apart by, beside its hour and its metadata.
What = tuple[str, str | None, str, str | None, tuple[str, ...] | None, str]


class LiteLLMStandardLogging(QuickFormat):
    name = "litellm-standard-logging"
    parse = staticmethod(msgspec.json.Decoder(Payload).decode)

    # Without calls into other functions of ours, as the careful loop: most bytes of a gateway pass through here.
    def usual(self, data: bytes, part: Batch) -> list[Odd]:  # noqa: C901
        decode, digest, last_hour = _plain, xxh3_64_digest, part.last_hour
        hours: dict[int, dict[Who, dict[What, Group]]] = {}
        digests: dict[int, list[bytes]] = {}
        table: dict[Who, dict[What, Group]] = {}
        mark: Callable[[bytes], None] = list[bytes]().append
        odd: list[Odd] = []
        skipped = begin = end = 0
        number = -1
        source = BytesIO(data)
        for number, raw in enumerate(source):
            try:
                record = decode(raw)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                odd.append(Odd(number, source.tell(), raw))
                continue
            at, identifier = record.startTime, record.id
            if not begin <= at < end:
                hour = int(at) // 3600
                if not FIRST_HOUR <= hour <= last_hour:
                    odd.append(Odd(number, source.tell(), raw))
                    continue
                begin, end = hour * 3600, hour * 3600 + 3600
                table = hours.setdefault(hour, {})
                mark = digests.setdefault(hour, []).append
            what = (
                record.model,
                record.custom_llm_provider,
                record.call_type,
                record.user_agent,
                record.request_tags,
                record.status,
            )
            try:
                group = table[record.metadata][what]
            except KeyError:
                group = table.setdefault(record.metadata, {})[what] = self._group(record)
            if not identifier or len(group) <= 1:
                if group is NO_CALL:
                    skipped += 1
                else:
                    odd.append(Odd(number, source.tell(), raw))
                continue
            mark(digest(identifier.encode()))
            taken, given, cost = record.prompt_tokens, record.completion_tokens, record.response_cost
            group[0] += 1
            if taken is not None:
                group[3] = taken + (group[3] or 0)
            if given is not None:
                group[4] = given + (group[4] or 0)
            if cost is not None:
                group[5] = round(cost * 1e9) + (group[5] or 0)
            if at >= group[6]:
                group[6], group[7], group[8] = at, number, identifier
        part.lines = number + 1
        part.skipped += skipped
        part.accepted += number + 1 - skipped - len(odd)
        part.bulk.update(bulk(digests))
        for hour, table in hours.items():
            self._add(hour, table, part)
        return odd

    def _group(self, record: Plain) -> Group:
        """An empty one for lines like this, or what stands in its place."""
        if not litellm.is_call(record.call_type):
            return NO_CALL
        # Failures need their error read, and Azure's answers tell the model.
        if record.status != "success" or record.custom_llm_provider in litellm.AZURE:
            return UNUSUAL
        return [0, 0, 0, None, None, None, 0, 0, ""]

    def _add(self, hour: int, table: dict[Who, dict[What, Group]], part: Batch) -> None:
        for who, groups in table.items():
            names = who.user_api_key_team_alias, who.user_api_key_team_id
            keys = who.user_api_key_alias, who.user_api_key_hash
            for (model, provider, call_type, agent, tags, _), group in groups.items():
                if len(group) > 1 and group[0]:
                    key = (*names, *keys, tags, agent, who.internal_call_origin, model, provider, call_type, "")
                    group[AT] = int(group[AT])
                    part.add_group(hour, self.pair(key), group)

    def extract(self, record: Payload) -> Row | None:
        if not litellm.is_call(record.call_type):
            return None
        who = record.metadata or _no_metadata
        if isinstance(who, str):
            who = _metadata.decode(who)
        identifier, provider, answered = record.id, record.custom_llm_provider, ""
        failed = gone = 0
        if record.status == "failure" or identifier is None:
            if record.status == "failure":
                failed, gone = 1, int(litellm.is_gone(bytes(record.error_information), record.error_str))
            if record.litellm_call_id:
                identifier = f"{record.litellm_call_id} {record.startTime}"
        elif provider in litellm.AZURE:
            answered = litellm.response_model(record.response)
        return (
            seconds_of(record.startTime),
            (
                who.user_api_key_team_alias,
                who.user_api_key_team_id,
                who.user_api_key_alias,
                who.user_api_key_hash,
                bytes(record.request_tags),
                record.user_agent,
                who.internal_call_origin,
                record.model,
                provider,
                record.call_type,
                answered,
            ),
            identifier,
            1,
            failed,
            gone,
            tokens(record.prompt_tokens, "prompt_tokens"),
            tokens(record.completion_tokens, "completion_tokens"),
            cost_nano(record.response_cost, "response_cost"),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        team_alias, team_id, alias, key_hash, tags, agent, origin, model, provider, call_type, answered = key
        return (
            litellm.caller(team_alias, team_id, alias, key_hash, tags, agent, internal=bool(origin)),
            litellm.called(model, provider, call_type, answered),
        )

    def recognise(self, sample: Sample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return 'JSON lines with "startTime", "call_type" and "response_cost"' if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return (
            "startTime" in line
            and "call_type" in line
            and "request_id" not in line
            and bool({"response_cost", "hidden_params", "litellm_call_id", "error_str"} & line.keys())
        )
