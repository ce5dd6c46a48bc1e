"""Kong's log plugins (file, HTTP, TCP) where the AI proxy plugins run: one JSON object per request.

Several plugins may call a model for one request (a transformer does), each a call of its own. Requests
that reached no model, such as refused keys, have an empty `ai`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from dashboard.core.providers import platform_of_tool
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.documents import RECORD_ERRORS, DocumentFormat
from dashboard.usage.formats.model_gone import GONE_STATUS
from dashboard.usage.records import (
    UNKNOWN,
    Called,
    Caller,
    CallRow,
    checked_count,
    clean,
    cost_nano,
    epoch_seconds,
)

__all__ = ["KongAIProxy"]

PLUGINS = 20  # in one request; Kong ships fewer
Count = float | int | str | None


class Consumer(msgspec.Struct, gc=False):
    username: str | None = None
    custom_id: str | None = None


class KongRoute(msgspec.Struct, gc=False):
    name: str | None = None


class Request(msgspec.Struct, gc=False):
    id: str | None = None
    uri: str | None = None


class Response(msgspec.Struct, gc=False):
    status: int | None = None


class KongLine(msgspec.Struct, gc=False):
    started_at: int | float
    ai: dict[str, Raw] | None = None
    request: Request | None = None
    response: Response | None = None
    client_ip: str | None = None
    consumer: Consumer | None = None
    route: KongRoute | None = None


class Meta(msgspec.Struct, gc=False):
    provider_name: str | None = None
    request_model: str | None = None
    response_model: str | None = None


class Usage(msgspec.Struct, gc=False):
    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_token: Count = None
    completion_token: Count = None
    cost: float | int | None = None


class Plugin(msgspec.Struct, gc=False):
    meta: Meta | None = None
    # Without usage Kong's encoder writes an empty array for an empty table.
    usage: Usage | list[Any] | None = None


class PluginCall(NamedTuple):
    line: KongLine
    name: str
    plugin: Plugin


_line = msgspec.json.Decoder(KongLine)
_plugin = msgspec.json.Decoder(Plugin)
_no_usage = Usage()


class KongAIProxy(DocumentFormat):
    name = "kong-ai-proxy"
    many = True

    def records(self, raw: bytes) -> Sequence[PluginCall | Exception]:
        line = _line.decode(raw)
        found: list[PluginCall | Exception] = []
        for name, value in list((line.ai or {}).items())[:PLUGINS]:
            if bytes(value)[:1] != b"{":
                continue
            try:
                plugin = _plugin.decode(value)
            except RECORD_ERRORS as problem:
                found.append(problem)
                continue
            if plugin.meta and (plugin.meta.request_model or plugin.meta.provider_name):
                found.append(PluginCall(line, name, plugin))
        return found

    def extract(self, record: PluginCall) -> CallRow:
        line, meta = record.line, record.plugin.meta or Meta()
        usage = record.plugin.usage if isinstance(record.plugin.usage, Usage) else _no_usage
        input_tokens = checked_count(_either(usage.prompt_tokens, usage.prompt_token), "prompt_tokens")
        output_tokens = checked_count(
            _either(usage.completion_tokens, usage.completion_token), "completion_tokens"
        )
        status = (line.response.status if line.response else None) or 0
        # Of several calls for one request, the answer's status is that of the one that gave nothing.
        failed = status >= 400 and not output_tokens
        request = line.request or Request()
        return (
            epoch_seconds(line.started_at),
            (
                line.consumer.username or line.consumer.custom_id if line.consumer else None,
                line.client_ip,
                line.route.name if line.route else None,
                meta.provider_name,
                meta.request_model,
                meta.response_model,
                request.uri,
            ),
            f"{request.id} {record.name}" if request.id else None,
            1,
            int(failed),
            int(failed and status in GONE_STATUS),
            input_tokens,
            output_tokens,
            cost_nano(usage.cost),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        consumer, address, route, provider, requested_model, response_model, uri = key
        name = clean(consumer, 200)
        caller = Caller(
            consumer=name or clean(address, 200) or UNKNOWN,
            key_alias=name,
            tags=f"route:{clean(route, 100)}" if route else "",
        )
        platform = "gemini-api" if provider == "gemini" else platform_of_tool(provider)
        model = (
            response_model if platform == "azure-openai" and response_model else requested_model or response_model
        )
        at = called_at(uri or "", "")
        return caller, Called(platform, clean(model, 300), at.endpoint if at else "")

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "Kong's request log with AI plugins" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return isinstance(line.get("ai"), dict) and {"started_at", "request", "response"} <= line.keys()


def _either(first: Count, second: Count) -> Count:
    return second if first is None else first
