"""The formats by name. Each is loaded on first use: a worker process needs only one."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from dashboard.usage.formats.base import Format

__all__ = ["AUTO", "FORMATS", "format_choices"]

AUTO = "auto"
# In the order of detection and of lists to choose from.
FORMAT_CLASSES = {
    "sundial": "sundial:Sundial",
    "litellm-standard-logging": "litellm.standard_logging:LiteLLMStandardLogging",
    "litellm-spendlogs": "litellm.spendlogs:LiteLLMSpendLogs",
    "azure-diagnostics": "azure.diagnostics:AzureDiagnostics",
    "bedrock-invocations": "aws.bedrock_invocations:BedrockInvocations",
    "cloudtrail-bedrock": "aws.cloudtrail_bedrock:CloudTrailBedrock",
    "vertex-request-response": "google.vertex_request_response:VertexRequestResponse",
    "gcp-audit-vertex": "google.audit_vertex:GCPAuditVertex",
    "otlp-traces": "otlp.traces:OTLPTraces",
    "langfuse-observations": "langfuse.observations:LangfuseObservations",
    "langfuse-blob": "langfuse.blob:LangfuseBlob",
    "helicone": "gateways.helicone:Helicone",
    "portkey": "gateways.portkey:Portkey",
    "cloudflare-ai-gateway": "gateways.cloudflare:CloudflareAIGateway",
    "kong-ai-proxy": "gateways.kong:KongAIProxy",
    "envoy-ai-gateway": "gateways.envoy:EnvoyAIGateway",
    "access-log": "access_logs.format:AccessLog",
    "openai-usage": "openai.usage:OpenAIUsage",
    "openai-legacy-usage": "openai.legacy_usage:OpenAILegacyUsage",
    "openai-activity-export": "openai.activity_export:OpenAIActivityExport",
    "anthropic-usage": "anthropic_usage:AnthropicUsage",
    "azure-monitor-metrics": "azure.monitor_metrics:AzureMonitorMetrics",
    "otlp-metrics": "otlp.metrics:OTLPMetrics",
    "litellm-daily": "litellm.daily:LiteLLMDaily",
    "openrouter-activity": "gateways.openrouter:OpenRouterActivity",
    "csv": "csv.format:CSVFormat",
}


class Formats(Mapping[str, Format]):
    """Name -> the format."""

    def __init__(self) -> None:
        self._loaded: dict[str, Format] = {}

    def __getitem__(self, name: str) -> Format:
        if name not in self._loaded:
            module, _, kind = FORMAT_CLASSES[name].partition(":")
            self._loaded[name] = getattr(import_module(f"dashboard.usage.formats.{module}"), kind)()
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in FORMAT_CLASSES

    def __iter__(self) -> Iterator[str]:
        return iter(FORMAT_CLASSES)

    def __len__(self) -> int:
        return len(FORMAT_CLASSES)


FORMATS = Formats()


def format_choices() -> list[str]:
    """What a person may choose, `auto` first."""
    return [AUTO, *FORMATS]
