"""Pages of Anthropic's usage report, `GET /v1/organizations/usage_report/messages`.

It tells tokens and no number of calls, so calls stay unknown: a model is in use while it has tokens. A null
workspace is the default one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import digest, instant, width
from dashboard.usage.formats.aggregated import Aggregated, count, text
from dashboard.usage.formats.base import Sample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["AnthropicUsage"]

DEFAULT = "(default-workspace)"
DIMENSIONS = (
    "workspace_id",
    "api_key_id",
    "model",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
    "account_id",
    "service_account_id",
)


class Result(NamedTuple):
    start: int
    end: int
    told: Mapping[str, Any]


class AnthropicUsage(Aggregated):
    name = "anthropic-usage"

    def parts(self, element: Mapping[str, Any]) -> Iterator[Result]:
        results = element.get("results")
        if not isinstance(results, list):
            raise ValueError("no results in the bucket")  # noqa: TRY004  what is wrong is the record
        start, end = instant(element.get("starting_at")), instant(element.get("ending_at"))
        yield from (Result(start, end, told if isinstance(told, dict) else {}) for told in results)

    def reading(self, record: Result) -> BucketValue:
        told = record.told
        created = told.get("cache_creation")
        inputs = [
            count(told.get("uncached_input_tokens"), "uncached_input_tokens"),
            count(told.get("cache_read_input_tokens"), "cache_read_input_tokens"),
            *(
                count(created.get(name), name) if isinstance(created, dict) else None
                for name in ("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")
            ),
        ]
        known = [number for number in inputs if number is not None]
        return BucketValue(
            digest(*(told.get(name) for name in DIMENSIONS)),
            record.start,
            width(record.start, record.end),
            Caller(
                clean(text(told.get("workspace_id")), 200) or DEFAULT,
                key_alias=clean(text(told.get("api_key_id")), 200),
            ),
            Called("anthropic", clean(text(told.get("model")), 300), "/v1/messages"),
            (
                None,
                None,
                None,
                sum(known) if known else None,
                count(told.get("output_tokens"), "output_tokens"),
                None,
            ),
        )

    def recognise(self, sample: Sample) -> str:
        seen = b"".join(sample.lines)
        ours = b'"starting_at"' in seen and b'"ending_at"' in seen and b'"results"' in seen
        return 'a page of buckets with "starting_at" and "results"' if ours else ""
