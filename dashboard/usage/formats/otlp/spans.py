"""Spans that call models, in whichever of the GenAI vocabularies they are written.

Plain values in, rows out: the same for OTLP in JSON and for what a receiver decodes from protobuf.
Understood are OpenTelemetry's GenAI conventions up to 1.36 and since, OpenLLMetry and OpenInference.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from dashboard.core.providers import platform_of_host, platform_of_tool
from dashboard.usage.formats.access_logs.paths import called_by_path as called_at
from dashboard.usage.formats.model_gone import reports_model_gone
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, checked_count, clean, cost_nano

__all__ = [
    "WANTED",
    "Span",
    "describe",
    "extract",
    "is_inference",
    "is_model_call",
    "repeated_outer_spans",
    "service_key",
]

SECOND = 1_000_000_000

PROVIDER = ("gen_ai.provider.name", "llm.provider", "gen_ai.system", "llm.system", "llm.vendor")
HOST = ("server.address", "net.peer.name", "gen_ai.openai.api_base", "llm.openai.api_base", "url.full")
REQUEST_MODEL = (
    "gen_ai.request.model",
    "llm.request.model_name",
    "llm.request.model",
    "llm.model_name",
    "embedding.model_name",
)
RESPONSE_MODEL = ("gen_ai.response.model", "llm.response.model_name", "llm.response.model")
ANSWER_ID = ("gen_ai.response.id",)
OPERATION = ("gen_ai.operation.name", "llm.request.type")
KIND = ("openinference.span.kind", "traceloop.span.kind")
INPUT_TOKENS = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
)
OUTPUT_TOKENS = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion",
)
COST = ("gen_ai.usage.cost", "llm.cost.total")
ERROR = ("error.type",)
STATUS = ("http.response.status_code", "http.status_code")
SERVICE, TEAM = "service.name", ("team", "service.team", "service.namespace")
ENVIRONMENT = ("deployment.environment.name", "deployment.environment")
TEXTS = (HOST, PROVIDER, REQUEST_MODEL, RESPONSE_MODEL, OPERATION, KIND)
"""Attributes that identify what was called."""
WANTED = frozenset({SERVICE}).union(
    *TEXTS,
    *(ANSWER_ID, INPUT_TOKENS, OUTPUT_TOKENS, COST, ERROR, STATUS, TEAM, ENVIRONMENT),
)
"""The attributes that are looked at; nothing else of a span needs to be kept, least of all what it says."""

# Operations that call a model, and where. Agents, tools, chains and retrievals repeat what their calls say.
ENDPOINTS = {
    "chat": "/v1/chat/completions",
    "text_completion": "/v1/completions",
    "completion": "/v1/completions",
    "generate_content": "/models/*:generateContent",
    "embeddings": "/v1/embeddings",
    "embedding": "/v1/embeddings",
    "responses": "/v1/responses",
}
KINDS = {"LLM": "", "EMBEDDING": "/v1/embeddings"}
GONE = ("404", "410", "NotFoundError", "NotFound", "ResourceNotFoundException", "model_not_found")

Value = str | int | float | bool
Attributes = Mapping[str, Value]


class Span(NamedTuple):
    """One span, of its attributes those in WANTED. `message` is an error's own words, "" when none."""

    trace: str
    span: str
    parent: str
    start_ns: int
    attributes: Attributes
    failed: bool = False
    message: str = ""


def is_inference(span: Span) -> bool:
    """Whether the span is itself a call of a model."""
    kind, operation, requested_model, provider = (
        _text(span.attributes, n) for n in (KIND, OPERATION, REQUEST_MODEL, PROVIDER)
    )
    return is_model_call(kind, operation, requested_model, provider)


def is_model_call(kind: str, operation: str, requested_model: str, provider: str) -> bool:
    """The same from a span's texts, each "" where it is missing."""
    if kind:
        return kind.upper() in KINDS
    if operation:
        return operation in ENDPOINTS
    return bool(requested_model) and bool(provider)


def repeated_outer_spans(spans: Sequence[Span]) -> set[tuple[str, str]]:
    """(trace, span) of calls that a call inside of them repeats.

    Two instrumentations of one call nest: the innermost is it, unless their answers have different ids.
    """
    known = {(s.trace, s.span): s for s in spans}
    calls = {place for place, span in known.items() if is_inference(span)}
    nearest: dict[tuple[str, str], tuple[str, str] | None] = {}
    repeated = set()
    for place in calls:
        span, passed = known[place], []
        above: tuple[str, str] | None = (span.trace, span.parent)
        while above in known and above not in calls and above not in nearest:
            nearest[above] = None  # a loop of parents ends here
            passed.append(above)
            above = (above[0], known[above].parent)
        if above not in calls:
            above = nearest.get(above) if above else None
        nearest.update(dict.fromkeys(passed, above))
        if above and above != place:
            ids = {_text(known[p].attributes, ANSWER_ID) for p in (place, above)} - {""}
            if len(ids) < 2:
                repeated.add(above)
    return repeated


def extract(resource: Attributes, span: Span) -> CallRow:
    """The row of an inference span. `resource` are its resource's attributes."""
    attributes = span.attributes
    error, status = _text(attributes, ERROR), _text(attributes, STATUS)
    failed = span.failed or bool(error) or (status.isdigit() and int(status) >= 400)
    gone = failed and (
        error.endswith(GONE) or status in {"404", "410"} or reports_model_gone(f"{error} {span.message}")
    )
    cost = _first(attributes, COST)
    answer = _text(attributes, ANSWER_ID)
    *texts, kind = (_text(attributes, names) for names in TEXTS)
    return (
        span.start_ns // SECOND,
        (*service_key(resource), *texts, kind.upper()),
        # The id of the answer also knows a call whose outer span comes in another batch.
        f"{span.trace} {answer or span.span}".lower() if span.trace and (answer or span.span) else None,
        1,
        int(failed),
        int(gone),
        _count(attributes, INPUT_TOKENS, "input tokens"),
        _count(attributes, OUTPUT_TOKENS, "output tokens"),
        cost_nano(cost) if isinstance(cost, int | float) else None,
    )


def service_key(resource: Attributes) -> tuple[Value | None, str, str]:
    """Service, team and environment from a resource's attributes."""
    return resource.get(SERVICE), _text(resource, TEAM), _text(resource, ENVIRONMENT)


def describe(key: tuple) -> tuple[Caller, Called]:
    service, team, environment, host, provider, requested_model, response_model, operation, kind = key
    name = "" if str(service or "").startswith("unknown_service") else clean(service, 200)
    caller = Caller(
        consumer=name or clean(team, 200) or UNKNOWN,
        team=clean(team, 200),
        tags=f"environment:{clean(environment, 100)}" if environment else "",
        service=name,
    )
    platform = _platform(host, provider)
    model = (
        response_model
        if response_model and (platform == "azure-openai" or not requested_model)
        else requested_model
    )
    endpoint = ENDPOINTS.get(operation) or KINDS.get(kind) or _path(host)
    return caller, Called(platform, clean(model, 300), endpoint)


def _platform(host: str, provider: str) -> str:
    """By the host that was called where it is known; else by the provider, which is the client library's guess."""
    name = urlsplit(host).hostname or "" if "://" in host else host
    return (platform_of_host(name) if "." in name else "") or platform_of_tool(provider)


def _path(host: str) -> str:
    found = called_at(urlsplit(host).path, "") if "://" in host else None
    return found.endpoint if found else ""


def _first(attributes: Attributes, names: Sequence[str]) -> Value | None:
    return next((attributes[name] for name in names if attributes.get(name) not in {None, ""}), None)


def _text(attributes: Attributes, names: Sequence[str]) -> str:
    found = _first(attributes, names)
    return "" if found is None else str(found)


def _count(attributes: Attributes, names: Sequence[str], what: str) -> int | None:
    found = _first(attributes, names)
    return None if found is None else checked_count(found, what)
