"""The log formats that sources read, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dashboard.usage.formats.registry import FORMATS

__all__ = ["SUPPORTED"]

WORDS: dict[str, str | Promise] = {
    "sundial": _("Our own JSON lines: ts and model, and whatever else is known of a call"),
    "csv": _("Tables with the columns of our own JSON lines"),
    "litellm-standard-logging": _("LiteLLM’s standard logging payload, one JSON object per call"),
    "litellm-spendlogs": _("LiteLLM’s SpendLogs table, exported as JSON lines"),
    "litellm-daily": _("LiteLLM’s daily sums by key, team and model"),
    "openai-usage": _("OpenAI’s usage API, sums by project and model"),
    "openai-legacy-usage": _("OpenAI’s usage endpoint of 2023"),
    "openai-activity-export": _("The activity export of OpenAI’s usage page"),
    "anthropic-usage": _("Anthropic’s usage API, sums by workspace, key and model"),
    "azure-diagnostics": _("Azure OpenAI’s diagnostic logs: request and response records"),
    "azure-monitor-metrics": _("Azure Monitor’s metrics by deployment"),
    "bedrock-invocations": _("Amazon Bedrock’s model invocation logs"),
    "cloudtrail-bedrock": _("AWS CloudTrail’s records of Bedrock calls"),
    "vertex-request-response": _("Vertex AI’s request and response logs"),
    "gcp-audit-vertex": _("Google Cloud’s audit logs of Vertex AI"),
    "otlp-traces": _("OpenTelemetry traces in OTLP’s JSON, by the conventions for generative AI"),
    "otlp-metrics": _("OpenTelemetry metrics in OTLP’s JSON"),
    "langfuse-observations": _("Langfuse’s observations, as its API gives them"),
    "langfuse-blob": _("Langfuse’s export to blob storage"),
    "helicone": _("Helicone’s requests"),
    "portkey": _("Portkey’s log export"),
    "cloudflare-ai-gateway": _("Cloudflare AI Gateway’s logs"),
    "kong-ai-proxy": _("Kong’s logs with its AI proxy plug-in"),
    "envoy-ai-gateway": _("Envoy AI Gateway’s access log"),
    "openrouter-activity": _("OpenRouter’s activity export"),
    "access-log": _("Access logs of a proxy before the platform: nginx, Caddy, Traefik, HAProxy, Envoy"),
}
SUPPORTED: list[tuple[str, str | Promise]] = [(name, WORDS.get(name, "")) for name in FORMATS]
"""(name, what it is) of every format there is."""
