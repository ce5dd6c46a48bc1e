"""The formats by name."""

from dashboard.usage.formats.access_log import AccessLog
from dashboard.usage.formats.anthropic_usage import AnthropicUsage
from dashboard.usage.formats.azure_diagnostics import AzureDiagnostics
from dashboard.usage.formats.azure_monitor_metrics import AzureMonitorMetrics
from dashboard.usage.formats.bedrock_invocations import BedrockInvocations
from dashboard.usage.formats.cloudflare_ai_gateway import CloudflareAIGateway
from dashboard.usage.formats.cloudtrail_bedrock import CloudTrailBedrock
from dashboard.usage.formats.comma_separated import CommaSeparated
from dashboard.usage.formats.envoy_ai_gateway import EnvoyAIGateway
from dashboard.usage.formats.gcp_audit_vertex import GCPAuditVertex
from dashboard.usage.formats.helicone import Helicone
from dashboard.usage.formats.kong_ai_proxy import KongAIProxy
from dashboard.usage.formats.langfuse_blob import LangfuseBlob
from dashboard.usage.formats.langfuse_observations import LangfuseObservations
from dashboard.usage.formats.lines import Format
from dashboard.usage.formats.litellm_daily import LiteLLMDaily
from dashboard.usage.formats.litellm_spendlogs import LiteLLMSpendLogs
from dashboard.usage.formats.litellm_standard_logging import LiteLLMStandardLogging
from dashboard.usage.formats.openai_activity_export import OpenAIActivityExport
from dashboard.usage.formats.openai_legacy_usage import OpenAILegacyUsage
from dashboard.usage.formats.openai_usage import OpenAIUsage
from dashboard.usage.formats.openrouter_activity import OpenRouterActivity
from dashboard.usage.formats.otlp_metrics import OTLPMetrics
from dashboard.usage.formats.otlp_traces import OTLPTraces
from dashboard.usage.formats.portkey import Portkey
from dashboard.usage.formats.sundial import Sundial
from dashboard.usage.formats.vertex_request_response import VertexRequestResponse

__all__ = ["AUTO", "FORMATS", "names"]

AUTO = "auto"
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Sundial(),
        LiteLLMStandardLogging(),
        LiteLLMSpendLogs(),
        AzureDiagnostics(),
        BedrockInvocations(),
        CloudTrailBedrock(),
        VertexRequestResponse(),
        GCPAuditVertex(),
        OTLPTraces(),
        LangfuseObservations(),
        LangfuseBlob(),
        Helicone(),
        Portkey(),
        CloudflareAIGateway(),
        KongAIProxy(),
        EnvoyAIGateway(),
        AccessLog(),
        OpenAIUsage(),
        OpenAILegacyUsage(),
        OpenAIActivityExport(),
        AnthropicUsage(),
        AzureMonitorMetrics(),
        OTLPMetrics(),
        LiteLLMDaily(),
        OpenRouterActivity(),
        CommaSeparated(),
    )
}


def names() -> list[str]:
    """What a person may choose, `auto` first."""
    return [AUTO, *FORMATS]
