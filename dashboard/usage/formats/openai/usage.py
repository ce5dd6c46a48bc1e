"""Pages of OpenAI's organization usage API: completions, embeddings, and whatever else is counted in requests.

`GET /v1/organization/usage/{completions,embeddings,...}`, grouped by project, key and model. A dimension
that was not grouped by is null, as is one that does not apply: `(none)`. There is no count of errors.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import bucket_width, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["OpenAIUsage"]

NONE = "(none)"
ENDPOINTS = {
    "embeddings": "/v1/embeddings",
    "moderations": "/v1/moderations",
    "images": "/v1/images",
    "audio_speeches": "/v1/audio/speech",
    "audio_transcriptions": "/v1/audio/transcriptions",
}


class OpenAIResult(NamedTuple):
    start: int
    end: int
    fields: Mapping[str, Any]


class OpenAIUsage(AggregatedFormat):
    name = "openai-usage"

    def parts(self, element: Mapping[str, Any]) -> Iterator[OpenAIResult]:
        results = element.get("results", element.get("result"))
        if not isinstance(results, list):
            raise ValueError("no results in the bucket")  # noqa: TRY004  what is wrong is the record
        start = parse_instant(element.get("start_time"))
        end = parse_instant(element.get("end_time"))
        yield from (OpenAIResult(start, end, fields if isinstance(fields, dict) else {}) for fields in results)

    def bucket_value(self, record: OpenAIResult) -> BucketValue | None:
        fields = record.fields
        calls = parse_count(fields.get("num_model_requests"), "num_model_requests")
        if calls is None:
            return None  # stores and sessions, which no model answers
        kind = cell_text(fields.get("object")).removeprefix("organization.usage.").removesuffix(".result")
        dimensions = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source")
        project, model = cell_text(fields.get("project_id")), cell_text(fields.get("model"))
        return BucketValue(
            key_digest(kind, *(fields.get(name) for name in (*dimensions, "source", "size"))),
            record.start,
            bucket_width(record.start, record.end),
            Caller(
                clean(project, 200) or NONE,
                key_alias=clean(cell_text(fields.get("api_key_id")), 200),
                tags=f"user:{clean(cell_text(fields.get('user_id')), 100)}" if fields.get("user_id") else "",
            ),
            Called("openai", clean(model, 300), ENDPOINTS.get(kind, "")),
            (
                calls,
                None,
                None,
                parse_count(fields.get("input_tokens"), "input_tokens"),
                parse_count(fields.get("output_tokens"), "output_tokens"),
                None,
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        joined = b"".join(sample.lines)
        ours = b'"bucket"' in joined and b'"start_time"' in joined and b'"end_time"' in joined
        return 'a page of buckets with "start_time" and "results"' if ours else ""
