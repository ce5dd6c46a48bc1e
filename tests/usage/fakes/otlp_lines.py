"""Export requests of OTLP traces in JSON, usual and odd ones, for property tests."""

import json

from hypothesis import strategies as st

__all__ = ["broken_requests", "odd_requests", "requests", "usual_request"]

AT = 1_704_359_000


def span(number: int, *others: tuple[str, dict | None], told: dict | None = None, **fields) -> dict:
    attributes = {
        "gen_ai.system": {"stringValue": "openai"},
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.request.model": {"stringValue": "gpt-4"},
        "gen_ai.usage.input_tokens": {"intValue": str(number)},
        "gen_ai.usage.output_tokens": {"intValue": 1},
    } | (told or {})
    return {
        "traceId": f"{number // 3:032X}",
        "spanId": f"{number:016X}",
        "startTimeUnixNano": str((AT + number) * 1_000_000_000),
        "attributes": [
            {"key": key, "value": value} for key, value in [*attributes.items(), *others] if value != {}
        ],
    } | fields


def request(*spans: dict, service: str | None = "search", **fields) -> bytes:
    attributes = [{"key": "service.name", "value": {"stringValue": service}}] if service else []
    resource = {"attributes": [*attributes, {"key": "team", "value": {"stringValue": "t"}}]}
    return json.dumps(
        {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]} | fields
    ).encode()


def usual_request(number: int = 1) -> bytes:
    return request(span(2 * number), span(2 * number + 1))


numbers = st.integers(0, 12)
odd_attributes = st.sampled_from(
    [
        {"gen_ai.request.model": {"stringValue": ""}},
        {"gen_ai.request.model": {"intValue": 4}},
        {"gen_ai.request.model": None},
        {"gen_ai.request.model": {}},
        {"gen_ai.system": {}},
        {"gen_ai.system": {"stringValue": ""}, "gen_ai.provider.name": {"stringValue": "aws.bedrock"}},
        {
            "gen_ai.provider.name": {"stringValue": "azure.ai.openai"},
            "gen_ai.response.model": {"stringValue": "m"},
        },
        {"gen_ai.operation.name": {}},
        {"gen_ai.operation.name": {"stringValue": "invoke_agent"}},
        {"gen_ai.operation.name": {}, "gen_ai.system": {}},
        {"openinference.span.kind": {"stringValue": "llm"}},
        {"openinference.span.kind": {"stringValue": "CHAIN"}},
        {"openinference.span.kind": {"stringValue": ""}},
        {"gen_ai.response.id": {"stringValue": "chatcmpl-1"}},
        {"gen_ai.response.id": {"stringValue": ""}},
        {"gen_ai.response.id": {"boolValue": True}},
        {"gen_ai.usage.input_tokens": {"stringValue": "7"}},
        {"gen_ai.usage.input_tokens": {"stringValue": "7", "intValue": 8}},
        {"gen_ai.usage.input_tokens": {"intValue": "-1"}},
        {"gen_ai.usage.input_tokens": {"intValue": "x"}},
        {"gen_ai.usage.input_tokens": {"doubleValue": 7.0}},
        {"gen_ai.usage.input_tokens": {"doubleValue": 7.5}},
        {"gen_ai.usage.input_tokens": {"intValue": 10**13}},
        {"gen_ai.usage.input_tokens": {}, "llm.usage.prompt_tokens": {"intValue": 3}},
        {"gen_ai.usage.prompt_tokens": {"intValue": 3}},
        {"gen_ai.usage.cost": {"doubleValue": 0.0015}},
        {"gen_ai.usage.cost": {"doubleValue": -1.0}},
        {"gen_ai.usage.cost": {"doubleValue": "NaN"}},
        {"gen_ai.usage.cost": {"intValue": 2}},
        {"error.type": {"stringValue": "404"}},
        {"error.type": {"stringValue": ""}},
        {"http.response.status_code": {"intValue": "200"}},
        {"http.response.status_code": {"intValue": 404}},
        {"http.response.status_code": {"stringValue": "410"}},
        {"http.response.status_code": {"stringValue": "-"}},
        {"server.address": {"stringValue": "x.openai.azure.com"}},
        {"url.full": {"stringValue": "https://api.openai.com/v1/embeddings"}},
        {"gen_ai.prompt": {"stringValue": "hello"}},
    ]
)
odd_fields = st.sampled_from(
    [
        {},
        {"startTimeUnixNano": AT * 1_000_000_000},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": "0"},
        {"startTimeUnixNano": str((AT + 9e9) * 1e9)},
        {"startTimeUnixNano": None},
        {"traceId": ""},
        {"spanId": ""},
        {"traceId": 5},
        {"attributes": []},
        {"attributes": None},
        {"status": {"code": 2, "message": "model_not_found"}},
        {"status": {"code": "STATUS_CODE_ERROR"}},
        {"status": {"code": 1}},
        {
            "status": {"code": 2},
            "events": [{"attributes": [{"key": "exception.type", "value": {"stringValue": "NotFoundError"}}]}],
        },
        *({"parentSpanId": f"{number:016x}"} for number in range(8)),
    ]
)
repeated = st.sampled_from([(), (("gen_ai.request.model", {"stringValue": "gpt-5"}),), (("x", None),)])
odd_spans = st.builds(
    lambda number, told, fields, others: span(number, *others, told=told, **fields),
    numbers,
    st.one_of(st.just({}), odd_attributes),
    odd_fields,
    repeated,
)
requests = st.builds(
    lambda some, service: request(*map(span, some), service=service),
    st.lists(numbers, max_size=4),
    st.sampled_from(["search", "shop", None]),
)
odd_requests = st.builds(lambda spans: request(*spans), st.lists(odd_spans, min_size=1, max_size=4))
broken_requests = st.sampled_from(
    [
        *(b"", b"  ", b"{}", b"{", b"[]", b"null", b"\xff", b'{"resourceSpans": null}', b'{"resourceSpans": []}'),
        *(b'{"resourceMetrics": []}', b'{"resourceSpans": [{}]}', b'{"resourceSpans": 1}', b"[" * 3000),
        request(resourceSpans=None, resourceLogs=[]),
        usual_request() * 2,
        usual_request() + b"\r",
    ]
)
