"""LiteLLM's StandardLoggingPayload, as its S3, GCS, Azure Blob and generic loggers write it.

Times are float seconds (strings in some exports). A failure's `id` is made anew on each delivery, so
failures are recognised by their call id and start instead.
"""

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.formats.litellm import common as litellm
from dashboard.usage.formats.litellm.fast_path import LiteLLMFastPath
from dashboard.usage.records import Called, Caller, CallRow, checked_count, cost_nano, epoch_seconds

__all__ = ["LiteLLMStandardLogging"]

_nothing = Raw(b"null")


class Metadata(msgspec.Struct, gc=False):
    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    internal_call_origin: str | None = None


class StandardLoggingPayload(msgspec.Struct, gc=False):
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


_no_metadata = Metadata()
_metadata = msgspec.json.Decoder(Metadata)


class LiteLLMStandardLogging(FastPathFormat):
    name = "litellm-standard-logging"
    parse = staticmethod(msgspec.json.Decoder(StandardLoggingPayload).decode)
    fast_path = LiteLLMFastPath

    def extract(self, record: StandardLoggingPayload) -> CallRow | None:
        if not litellm.is_call(record.call_type):
            return None
        who = record.metadata or _no_metadata
        if isinstance(who, str):
            who = _metadata.decode(who)
        identifier, provider, response_model = record.id, record.custom_llm_provider, ""
        failed = gone = 0
        if record.status == "failure" or identifier is None:
            if record.status == "failure":
                failed, gone = 1, int(litellm.is_gone(bytes(record.error_information), record.error_str))
            if record.litellm_call_id:
                identifier = f"{record.litellm_call_id} {record.startTime}"
        elif provider in litellm.AZURE:
            response_model = litellm.response_model(record.response)
        return (
            epoch_seconds(record.startTime),
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
                response_model,
            ),
            identifier,
            1,
            failed,
            gone,
            checked_count(record.prompt_tokens, "prompt_tokens"),
            checked_count(record.completion_tokens, "completion_tokens"),
            cost_nano(record.response_cost, "response_cost"),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        team_alias, team_id, alias, key_hash, tags, agent, origin, model, provider, call_type, response_model = key
        return (
            litellm.caller(team_alias, team_id, alias, key_hash, tags, agent, internal=bool(origin)),
            litellm.called(model, provider, call_type, response_model),
        )

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return 'JSON lines with "startTime", "call_type" and "response_cost"' if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return (
            "startTime" in line
            and "call_type" in line
            and "request_id" not in line
            and bool({"response_cost", "hidden_params", "litellm_call_id", "error_str"} & line.keys())
        )
