"""Answers of OpenAI's undocumented `GET /v1/usage?date=...` of 2023: sums per five minutes, no key, no project."""

from typing import Any

from dashboard.usage.buckets import MINUTE, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["OpenAILegacyUsage"]

ORGANIZATION = Caller("(org)")
ENDPOINTS = {"completion": "/v1/completions", "embeddings": "/v1/embeddings", "edit": "/v1/edits"}


class OpenAILegacyUsage(AggregatedFormat):
    name = "openai-legacy-usage"

    def bucket_value(self, record: dict[str, Any]) -> BucketValue:
        model, operation = cell_text(record.get("snapshot_id")), cell_text(record.get("operation"))
        calls = parse_count(record.get("n_requests"), "n_requests")
        if not model or calls is None:
            raise ValueError("no snapshot_id or no n_requests")
        endpoint = ENDPOINTS.get(operation, "")
        if operation == "completion" and model.startswith(("gpt-3.5-turbo", "gpt-4")):
            endpoint = "/v1/chat/completions"
        return BucketValue(
            key_digest(model, operation),
            parse_instant(record.get("aggregation_timestamp")),
            5 * MINUTE,
            ORGANIZATION,
            Called("openai", clean(model, 300), endpoint),
            (
                calls,
                None,
                None,
                parse_count(record.get("n_context_tokens_total"), "n_context_tokens_total"),
                parse_count(record.get("n_generated_tokens_total"), "n_generated_tokens_total"),
                None,
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        joined = b"".join(sample.lines)
        ours = b'"aggregation_timestamp"' in joined and b'"snapshot_id"' in joined
        return 'records with "aggregation_timestamp" and "snapshot_id"' if ours else ""
