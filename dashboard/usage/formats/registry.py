"""The formats by name. Each is loaded when it is first asked for: a helper process needs one of them."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from dashboard.usage.formats.lines import Format

__all__ = ["AUTO", "FORMATS", "names"]

AUTO = "auto"
# In the order in which `auto` asks them, and people choose from them.
PLACES = {
    "sundial": "sundial.Sundial",
    "litellm-standard-logging": "litellm_standard_logging.LiteLLMStandardLogging",
    "litellm-spendlogs": "litellm_spendlogs.LiteLLMSpendLogs",
    "azure-diagnostics": "azure_diagnostics.AzureDiagnostics",
    "bedrock-invocations": "bedrock_invocations.BedrockInvocations",
    "cloudtrail-bedrock": "cloudtrail_bedrock.CloudTrailBedrock",
    "vertex-request-response": "vertex_request_response.VertexRequestResponse",
    "gcp-audit-vertex": "gcp_audit_vertex.GCPAuditVertex",
    "otlp-traces": "otlp_traces.OTLPTraces",
    "langfuse-observations": "langfuse_observations.LangfuseObservations",
    "langfuse-blob": "langfuse_blob.LangfuseBlob",
    "helicone": "helicone.Helicone",
    "portkey": "portkey.Portkey",
    "cloudflare-ai-gateway": "cloudflare_ai_gateway.CloudflareAIGateway",
    "kong-ai-proxy": "kong_ai_proxy.KongAIProxy",
    "envoy-ai-gateway": "envoy_ai_gateway.EnvoyAIGateway",
    "access-log": "access_log.AccessLog",
    "openai-usage": "openai_usage.OpenAIUsage",
    "openai-legacy-usage": "openai_legacy_usage.OpenAILegacyUsage",
    "openai-activity-export": "openai_activity_export.OpenAIActivityExport",
    "anthropic-usage": "anthropic_usage.AnthropicUsage",
    "azure-monitor-metrics": "azure_monitor_metrics.AzureMonitorMetrics",
    "otlp-metrics": "otlp_metrics.OTLPMetrics",
    "litellm-daily": "litellm_daily.LiteLLMDaily",
    "openrouter-activity": "openrouter_activity.OpenRouterActivity",
    "csv": "comma_separated.CommaSeparated",
}


class Formats(Mapping[str, Format]):
    """Name -> the format."""

    def __init__(self) -> None:
        self._loaded: dict[str, Format] = {}

    def __getitem__(self, name: str) -> Format:
        if name not in self._loaded:
            module, _, kind = PLACES[name].partition(".")
            self._loaded[name] = getattr(import_module(f"dashboard.usage.formats.{module}"), kind)()
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in PLACES

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


FORMATS = Formats()


def names() -> list[str]:
    """What a person may choose, `auto` first."""
    return [AUTO, *FORMATS]
