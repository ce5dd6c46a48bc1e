"""OpenRouter's activity, `GET /api/v1/activity`: sums per completed UTC day, of the last 30 days only."""

from collections.abc import Mapping
from typing import Any

from dashboard.core.providers import platform_of_tool
from dashboard.usage.buckets import DAY, digest, instant
from dashboard.usage.formats.aggregated import Aggregated, amount, count, header, text
from dashboard.usage.formats.base import Sample
from dashboard.usage.records import BucketValue, Called, Caller, clean

__all__ = ["OpenRouterActivity"]

NEEDED = {"date", "model_permaslug", "provider_name", "requests"}


class OpenRouterActivity(Aggregated):
    name = "openrouter-activity"
    tabular = True

    def reading(self, record: Mapping[str, Any]) -> BucketValue:
        model = text(record.get("model")) or text(record.get("model_permaslug"))
        if not model:
            raise ValueError("no model")
        workspace = text(record.get("workspace_id"))
        return BucketValue(
            digest(*(record.get(name) for name in ("endpoint_id", "model", "provider_name", "workspace_id"))),
            instant(record.get("date")) // DAY * DAY,
            DAY,
            Caller(clean(workspace, 200) or "(org)"),
            Called(platform_of_tool(text(record.get("provider_name"))), clean(model, 300)),
            (
                count(record.get("requests"), "requests"),
                None,
                None,
                count(record.get("prompt_tokens"), "prompt_tokens"),
                count(record.get("completion_tokens"), "completion_tokens"),
                amount(record.get("usage"), "usage"),
            ),
        )

    def recognise(self, sample: Sample) -> str:
        ours = sum(found.keys() >= NEEDED for found in sample.objects)
        is_ours = header(sample) >= NEEDED or (bool(sample.objects) and ours >= sample.needed)
        return 'rows with "model_permaslug", "provider_name" and "requests"' if is_ours else ""
