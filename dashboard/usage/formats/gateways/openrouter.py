"""OpenRouter's activity, `GET /api/v1/activity`: sums per completed UTC day, of the last 30 days only."""

from collections.abc import Mapping
from typing import Any

from dashboard.core.providers import platform_of_tool
from dashboard.usage.buckets import DAY, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, csv_header, parse_cost, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["OpenRouterActivity"]

NEEDED = {"date", "model_permaslug", "provider_name", "requests"}


class OpenRouterActivity(AggregatedFormat):
    name = "openrouter-activity"
    tabular = True

    def bucket_value(self, record: Mapping[str, Any]) -> BucketValue:
        model = cell_text(record.get("model")) or cell_text(record.get("model_permaslug"))
        if not model:
            raise ValueError("no model")
        workspace = cell_text(record.get("workspace_id"))
        return BucketValue(
            key_digest(*(record.get(name) for name in ("endpoint_id", "model", "provider_name", "workspace_id"))),
            parse_instant(record.get("date")) // DAY * DAY,
            DAY,
            Caller(clean(workspace, 200) or "(org)"),
            Called(platform_of_tool(cell_text(record.get("provider_name"))), clean(model, 300)),
            (
                parse_count(record.get("requests"), "requests"),
                None,
                None,
                parse_count(record.get("prompt_tokens"), "prompt_tokens"),
                parse_count(record.get("completion_tokens"), "completion_tokens"),
                parse_cost(record.get("usage"), "usage"),
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(found.keys() >= NEEDED for found in sample.objects)
        is_ours = csv_header(sample) >= NEEDED or (bool(sample.objects) and ours >= sample.needed)
        return 'rows with "model_permaslug", "provider_name" and "requests"' if is_ours else ""
