"""LiteLLM's daily tables, `LiteLLM_DailyTeamSpend` and its siblings, as CSV or JSON rows.

Their tables overlap: bring in exactly one of them. The Tag table counts a call once for each of its tags, so
its rows are refused. A row grows until after midnight, and is replaced when it is told again.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.core.providers import platform_of_provider
from dashboard.usage.buckets import DAY, key_digest, parse_instant
from dashboard.usage.formats.aggregated import AggregatedFormat, cell_text, csv_header, parse_cost, parse_count
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.records import UNKNOWN, BucketValue, Called, Caller, clean

__all__ = ["LiteLLMDaily"]

ENTITIES = ("team_id", "organization_id", "user_id", "end_user_id", "agent_id")
NEEDED = {"date", "api_requests", "custom_llm_provider", "model"}


class LiteLLMDaily(AggregatedFormat):
    name = "litellm-daily"
    tabular = True

    def bucket_value(self, record: Mapping[str, Any]) -> BucketValue | None:
        if "tag" in record:
            raise ValueError("the Tag table counts a call once per tag: export another LiteLLM_Daily table")
        model, provider = cell_text(record.get("model")), cell_text(record.get("custom_llm_provider"))
        if cell_text(record.get("mcp_namespaced_tool_name")) or not model:
            return None
        team = cell_text(record.get("team_id"))
        entity = next((found for name in ENTITIES if (found := cell_text(record.get(name)))), "")
        key, endpoint = cell_text(record.get("api_key")), cell_text(record.get("endpoint"))
        # Only the Global table, which has no keys, distinguishes its rows by the group.
        group = record.get("model_group") if "api_key" not in record else None
        return BucketValue(
            key_digest(*(cell_text(record.get(name)) for name in ENTITIES), key, model, provider, endpoint, group),
            parse_instant(record.get("date")) // DAY * DAY,
            DAY,
            Caller(clean(entity or key, 200) or UNKNOWN, team=clean(team, 200), key_alias=clean(key, 200)),
            Called(
                platform_of_provider(provider),
                clean(model, 300),
                clean(f"/v1{endpoint}" if endpoint and not endpoint.startswith("/v1") else endpoint, 100),
            ),
            (
                parse_count(record.get("api_requests"), "api_requests"),
                parse_count(record.get("failed_requests"), "failed_requests"),
                None,
                parse_count(record.get("prompt_tokens"), "prompt_tokens"),
                parse_count(record.get("completion_tokens"), "completion_tokens"),
                parse_cost(record.get("spend"), "spend"),
            ),
        )

    def recognise(self, sample: DetectionSample) -> str:
        if csv_header(sample) >= NEEDED:
            return 'a CSV with "date", "custom_llm_provider" and "api_requests"'
        ours = sum(found.keys() >= NEEDED for found in sample.objects)
        return 'rows with "date", "custom_llm_provider" and "api_requests"' if ours >= sample.needed else ""
