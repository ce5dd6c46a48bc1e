"""What both LiteLLM formats share: who calls, what is called, which rows are calls, what failed.

Rules: docs.litellm.ai/docs/proxy/logging_spec and the proxy's own source (spend_tracking, types/utils).
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from dashboard.core.providers import platform_of_provider
from dashboard.usage.formats.model_gone import reports_model_gone
from dashboard.usage.records import INTERNAL, UNKNOWN, Called, Caller, clean

__all__ = ["AZURE", "called", "caller", "endpoint_of", "is_call", "is_gone", "response_model", "tag_list"]

AZURE = frozenset({"azure", "azure_text"})  # requests name a deployment, answers the model
HEALTH_CHECK = "litellm-internal-health-check"
UNKNOWN_MODEL = "unknown-model"  # what the proxy writes for a name that it refused

ENDPOINTS = {
    "completion": "/v1/chat/completions",
    "text_completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "responses": "/v1/responses",
    "anthropic_messages": "/v1/messages",
    "image_generation": "/v1/images/generations",
    "image_edit": "/v1/images/edits",
    "transcription": "/v1/audio/transcriptions",
    "speech": "/v1/audio/speech",
    "moderation": "/v1/moderations",
    "rerank": "/v1/rerank",
    "realtime": "/v1/realtime",
    "create_fine_tuning_job": "/v1/fine_tuning/jobs",
    "retrieve_batch": "/v1/batches",
    "add_message": "/v1/threads",
    "create_thread": "/v1/threads",
    "run_thread": "/v1/threads",
    "run_thread_stream": "/v1/threads",
    "create_assistants": "/v1/assistants",
}
# Reading what is stored, bookkeeping and tools: no model is called.
_no_call = re.compile(
    r"(get|delete|cancel|list|vector_store|count_tokens|retrieve(?!_batch$)|file|create_file|create_batch"
    r"|create_vector|search|.*mcp)(_|$)"
)
_GONE_CODES = re.compile(rb'"error_code"\s*:\s*"?(?:404|410|model_not_found)"?\s*[,}]')


@lru_cache(maxsize=1000)
def _plain(call_type: str) -> str:
    """The call type without the `a` that marks the asynchronous twin."""
    if call_type.startswith("a") and not call_type.startswith(("add_", "anthropic")):
        return call_type[1:]
    return call_type.removeprefix("a") if call_type.startswith(("aadd_", "aanthropic")) else call_type


@lru_cache(maxsize=1000)
def is_call(call_type: str) -> bool:
    return not _no_call.match(_plain(call_type))


def endpoint_of(call_type: str | None) -> str:
    return ENDPOINTS.get(_plain(call_type or ""), "")


def is_gone(error: bytes, text: str | None = None) -> bool:
    """Whether a failure said that the model is not there any more.

    `error` is the raw `error_information`. A name that the gateway itself refused says nothing about
    the model.
    """
    if b"ProxyModelNotFoundError" in error:
        return False
    words = error + (text or "").encode("utf-8", "replace")
    return bool(_GONE_CODES.search(error)) or reports_model_gone(words)


def response_model(raw: bytes) -> str:
    """The model that a provider's answer names; "" when the answer is not there or is not an object."""
    try:
        return _answer.decode(raw).model or ""
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ""


class _Answer(msgspec.Struct):
    model: str | None = None


_answer = msgspec.json.Decoder(_Answer)
_any = msgspec.json.Decoder()


def tag_list(told: bytes | tuple[str, ...] | None) -> str:
    """Request tags, sorted and joined by commas; from JSON, a list or a string that holds one. No auto-tags."""
    try:
        value: Any = _any.decode(told) if isinstance(told, bytes) and told else told
        if isinstance(value, str):
            value = _any.decode(value.encode()) if value.startswith("[") else [value]
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ""
    if not isinstance(value, list | tuple):
        return ""
    tags = {clean(tag, 100) for tag in value if isinstance(tag, str) and not tag.startswith("User-Agent:")}
    return clean(",".join(sorted(tags - {""})), 500)


def caller(
    team_alias: str | None,
    team_id: str | None,
    key_alias: str | None,
    key_hash: str | None,
    tags: bytes | tuple[str, ...] | None,
    user_agent: str | None,
    *,
    internal: bool,
) -> Caller:
    """The best name first: team alias, team id, key alias, key hash."""
    internal = internal or HEALTH_CHECK in {key_alias, key_hash}
    consumer = clean(team_alias or team_id or key_alias or key_hash, 200) or UNKNOWN
    return Caller(
        consumer=INTERNAL if internal else consumer,
        team=clean(team_alias or team_id, 200),
        key_alias=clean(key_alias, 200),
        tags=tag_list(tags),
        user_agent=clean(user_agent, 200),
        internal=internal,
    )


def called(model: str | None, provider: str | None, call_type: str | None, response_model: str) -> Called:
    """The model as requested; on Azure, where that is a deployment's name, the one that answered."""
    platform = platform_of_provider(provider)
    if not model or model == UNKNOWN_MODEL:
        # Refused by the gateway itself: no platform saw it, so the source's own must not be guessed.
        return Called(platform or UNKNOWN, "", endpoint_of(call_type))
    name = response_model if platform == "azure-openai" and response_model else model
    return Called(platform, clean(name, 300), endpoint_of(call_type))
