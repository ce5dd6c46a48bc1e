"""Pages of OpenAI's organization usage API: completions, embeddings, and whatever else is counted in requests.

`GET /v1/organization/usage/{completions,embeddings,...}`, grouped by project, key and model. A dimension
that was not grouped by is null, as is one that does not apply: `(none)`. There is no count of errors.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import digest, instant, width
from dashboard.usage.formats.aggregated import Aggregated, count, text
from dashboard.usage.formats.base import Sample
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


class Result(NamedTuple):
    start: int
    end: int
    told: Mapping[str, Any]


class OpenAIUsage(Aggregated):
    name = "openai-usage"

    def parts(self, element: Mapping[str, Any]) -> Iterator[Result]:
        results = element.get("results", element.get("result"))
        if not isinstance(results, list):
            raise ValueError("no results in the bucket")  # noqa: TRY004  what is wrong is the record
        start = instant(element.get("start_time"))
        end = instant(element.get("end_time"))
        yield from (Result(start, end, told if isinstance(told, dict) else {}) for told in results)

    def reading(self, record: Result) -> BucketValue | None:
        told = record.told
        calls = count(told.get("num_model_requests"), "num_model_requests")
        if calls is None:
            return None  # stores and sessions, which no model answers
        kind = text(told.get("object")).removeprefix("organization.usage.").removesuffix(".result")
        dimensions = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "api_source")
        project, model = text(told.get("project_id")), text(told.get("model"))
        return BucketValue(
            digest(kind, *(told.get(name) for name in (*dimensions, "source", "size"))),
            record.start,
            width(record.start, record.end),
            Caller(
                clean(project, 200) or NONE,
                key_alias=clean(text(told.get("api_key_id")), 200),
                tags=f"user:{clean(text(told.get('user_id')), 100)}" if told.get("user_id") else "",
            ),
            Called("openai", clean(model, 300), ENDPOINTS.get(kind, "")),
            (
                calls,
                None,
                None,
                count(told.get("input_tokens"), "input_tokens"),
                count(told.get("output_tokens"), "output_tokens"),
                None,
            ),
        )

    def recognise(self, sample: Sample) -> str:
        seen = b"".join(sample.lines)
        ours = b'"bucket"' in seen and b'"start_time"' in seen and b'"end_time"' in seen
        return 'a page of buckets with "start_time" and "results"' if ours else ""
