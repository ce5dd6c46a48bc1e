"""Vertex AI's request-response logging: rows of its BigQuery table, exported as JSON.

There is no caller but the labels of a request, and no status but a missing response. The rate at which
requests are sampled is set by the operator, so counts may be a part of the truth.
"""

# ruff: noqa: N815  fields have the names that the log gives them

from typing import Any

import msgspec
from msgspec import Raw

from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.caller_labels import decode_labels
from dashboard.usage.formats.documents import DocumentFormat
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, checked_count, clean, epoch_seconds

__all__ = ["VertexRequestResponse"]

_nothing = Raw(b"null")
Count = float | int | str | None


class Request(msgspec.Struct, gc=False):
    model: str | None = None
    labels: Raw = _nothing


class Usage(msgspec.Struct, gc=False):
    prompt_token_count: Count = None
    candidates_token_count: Count = None
    thoughts_token_count: Count = None
    promptTokenCount: Count = None
    candidatesTokenCount: Count = None
    thoughtsTokenCount: Count = None


class Response(msgspec.Struct, gc=False):
    usage_metadata: Usage | None = None
    usageMetadata: Usage | None = None


class VertexLine(msgspec.Struct, gc=False):
    logging_time: str | float | int
    request_id: str | int | float
    api_method: str | None = None
    model: str | None = None
    endpoint: str | None = None
    full_request: Request | str | None = None
    full_response: Response | str | None = None


_request, _response = msgspec.json.Decoder(Request), msgspec.json.Decoder(Response | None)
_no_request, _no_usage = Request(), Usage()


class VertexRequestResponse(DocumentFormat):
    name = "vertex-request-response"
    parse = staticmethod(msgspec.json.Decoder(VertexLine).decode)

    def extract(self, record: VertexLine) -> CallRow | None:
        if record.api_method and "counttokens" in record.api_method.lower():
            return None
        request, answer = record.full_request or _no_request, record.full_response
        if isinstance(request, str):
            request = _request.decode(request)
        if isinstance(answer, str):
            answer = _response.decode(answer)
        usage = (answer.usage_metadata or answer.usageMetadata or _no_usage) if answer else _no_usage
        at = record.logging_time
        return (
            epoch_seconds(at.removesuffix(" UTC") if type(at) is str else at),
            (request.model, bytes(request.labels), record.model, record.endpoint, record.api_method),
            str(record.request_id),
            1,
            int(answer is None),
            None,
            _sum(usage.prompt_token_count, usage.promptTokenCount),
            _sum(
                usage.candidates_token_count,
                usage.thoughts_token_count,
                usage.candidatesTokenCount,
                usage.thoughtsTokenCount,
            ),
            None,
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        request, raw, model, endpoint, method = key
        labels, project = decode_labels(raw), clean(_project(request) or _project(endpoint), 200)
        caller = Caller(
            labels.consumer or project or UNKNOWN,
            team=labels.team,
            key_alias=project,
            tags=labels.tags,
            service=labels.application,
        )
        act = clean(method, 60)
        return caller, Called(
            "vertex-ai",
            clean(model or request or endpoint, 300),
            f"/models/*:{act[:1].lower()}{act[1:]}" if act else "",
        )

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return "rows of Vertex AI's request-response logging" if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "logging_time" in line and "request_id" in line and "full_request" in line


def _project(resource: str | None) -> str:
    head, _, rest = (resource or "").partition("/")
    return rest.partition("/")[0] if head == "projects" else ""


def _sum(*counts: Count) -> int | None:
    known = [count for count in (checked_count(count, "a token count") for count in counts) if count is not None]
    return sum(known) if known else None
