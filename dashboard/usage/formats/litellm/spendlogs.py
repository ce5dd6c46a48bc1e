"""Rows of LiteLLM's `LiteLLM_SpendLogs` table as JSON lines.

Zone-less times are UTC; `metadata` and `request_tags` may be JSON inside a string; old rows carry no
`status` and no provider prefix. Exact repeats share `request_id`; a cache hit has its own.
"""

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample, LineFormat
from dashboard.usage.formats.litellm import common as litellm
from dashboard.usage.records import Called, Caller, CallRow, checked_count, cost_nano, epoch_seconds

__all__ = ["LiteLLMSpendLogs"]

_nothing = Raw(b"null")


class Metadata(msgspec.Struct, gc=False):
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    internal_call_origin: str | None = None
    status: str | None = None
    error_information: Raw = _nothing
    batch_successful_requests: int | None = None
    batch_failed_requests: int | None = None


class SpendLog(msgspec.Struct, gc=False):
    startTime: float | int | str  # noqa: N815  as LiteLLM names it
    request_id: str | None
    call_type: str = ""
    model: str | None = None
    api_key: str | None = None
    custom_llm_provider: str | None = None
    spend: float | int | None = None
    prompt_tokens: float | int | str | None = None
    completion_tokens: float | int | str | None = None
    team_id: str | None = None
    status: str | None = None
    mcp_namespaced_tool_name: str | None = None
    metadata: Metadata | str | None = None
    request_tags: Raw = _nothing
    response: Raw = _nothing


_no_metadata = Metadata()
_metadata = msgspec.json.Decoder(Metadata)


class LiteLLMSpendLogs(LineFormat):
    name = "litellm-spendlogs"
    parse = staticmethod(msgspec.json.Decoder(SpendLog).decode)

    def extract(self, record: SpendLog) -> CallRow | None:
        if record.mcp_namespaced_tool_name or not litellm.is_call(record.call_type):
            return None
        who = record.metadata or _no_metadata
        if isinstance(who, str):
            who = _metadata.decode(who)
        calls, failed, gone = 1, 0, 0
        if (record.status or who.status) == "failure":
            failed = 1
            gone = int(litellm.is_gone(bytes(who.error_information)))
        if who.batch_successful_requests is not None or who.batch_failed_requests is not None:
            # One cost row for a whole batch: the real counts are inside.
            failed = checked_count(who.batch_failed_requests or 0, "batch_failed_requests") or 0
            calls = failed + (checked_count(who.batch_successful_requests or 0, "batch_successful_requests") or 0)
        provider = record.custom_llm_provider
        return (
            epoch_seconds(record.startTime),
            (
                who.user_api_key_team_alias,
                record.team_id or who.user_api_key_team_id,
                who.user_api_key_alias,
                record.api_key,
                bytes(record.request_tags),
                who.internal_call_origin,
                record.model,
                provider,
                record.call_type,
                litellm.response_model(record.response) if provider in litellm.AZURE else "",
            ),
            record.request_id,
            calls,
            failed,
            gone,
            checked_count(record.prompt_tokens, "prompt_tokens"),
            checked_count(record.completion_tokens, "completion_tokens"),
            cost_nano(record.spend, "spend"),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        team_alias, team_id, alias, key_hash, tags, origin, model, provider, call_type, response_model = key
        return (
            litellm.caller(team_alias, team_id, alias, key_hash, tags, None, internal=bool(origin)),
            litellm.called(model, provider, call_type, response_model),
        )

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return 'JSON lines with "request_id", "startTime" and "spend"' if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "request_id" in line and "startTime" in line and "spend" in line
