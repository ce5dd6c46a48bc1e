"""Pages of Anthropic's usage report, `GET /v1/organizations/usage_report/messages`.

It tells tokens and no number of calls, so calls stay unknown: a model is in use while it has tokens. A null
workspace is the default one.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.usage.buckets import bucket_width, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, parse_count
from dashboard.usage.formats.base import DetectionSample
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


class AnthropicResult(NamedTuple):
    start: int
    end: int
    fields: Mapping[str, Any]


class AnthropicUsage(AggregatedFormat):
    name = "anthropic-usage"

    def parts(self, element: Mapping[str, Any]) -> Iterator[AnthropicResult]:
        results = element.get("results")
        if not isinstance(results, list):
            raise ValueError("no results in the bucket")  # noqa: TRY004  what is wrong is the record
        start, end = parse_instant(element.get("starting_at")), parse_instant(element.get("ending_at"))
        yield from (AnthropicResult(start, end, fields if isinstance(fields, dict) else {}) for fields in results)

    def bucket_value(self, record: AnthropicResult) -> BucketValue:
        fields = record.fields
        created = fields.get("cache_creation")
        inputs = [
            parse_count(fields.get("uncached_input_tokens"), "uncached_input_tokens"),
            parse_count(fields.get("cache_read_input_tokens"), "cache_read_input_tokens"),
            *(
                parse_count(created.get(name), name) if isinstance(created, dict) else None
                for name in ("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")
            ),
        ]
        known = [number for number in inputs if number is not None]
        return BucketValue(
            key_digest(*(fields.get(name) for name in DIMENSIONS)),
            record.start,
            bucket_width(record.start, record.end),
            Caller(
                clean(cell_text(fields.get("workspace_id")), 200) or DEFAULT,
                key_alias=clean(cell_text(fields.get("api_key_id")), 200),
            ),
            Called("anthropic", clean(cell_text(fields.get("model")), 300), "/v1/messages"),
            (
                None,
                None,
                None,
                sum(known) if known else None,
                parse_count(fields.get("output_tokens"), "output_tokens"),
                None,
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        joined = b"".join(sample.lines)
        ours = b'"starting_at"' in joined and b'"ending_at"' in joined and b'"results"' in joined
        return 'a page of buckets with "starting_at" and "results"' if ours else ""
