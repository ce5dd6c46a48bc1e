"""Which platform serves a call: the one table of provider names, and the hosts of their APIs. Pure.

Gateways name providers in log records, as prefixes of model names (`azure/gpt-4o`) and in LiteLLM's model map.
All three are answered from `PROVIDERS`, so that a call and the catalog entry it means agree on the platform.
A new provider is one line here.

Sources: docs.litellm.ai/docs/providers and the provider names in LiteLLM's `types/utils.py`. Codestral has a host
and a provider name of its own but is served, dated and retired by Mistral; Cloudflare's provider name is its
platform Workers AI.
"""

from typing import NamedTuple

__all__ = [
    "API_HOSTS",
    "CATALOGUED",
    "OWN_MODELS_ONLY",
    "PREFIXES",
    "PROVIDERS",
    "ProviderPrefix",
    "catalog_platform",
    "platform_of_backend",
    "platform_of_host",
    "platform_of_provider",
    "platform_of_tool",
]

# Provider names that are also names of model makers. Platforms that resell write them into their own ids
# (Groq's `openai/gpt-oss-20b`), so as a prefix they do not overrule what the log says about the platform.
_MAKERS = {
    "anthropic": "anthropic",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "deepseek": "deepseek",
    "gemini": "gemini-api",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "xai": "xai",
    "xiaomi_mimo": "xiaomi-mimo",
    "zai": "z-ai",
}
# Provider names that name a platform only.
_ROUTES = {
    "anthropic_text": "anthropic",
    "azure": "azure-openai",
    "azure_ai": "azure-foundry",
    "azure_text": "azure-openai",
    "bedrock": "aws-bedrock",
    "bedrock_converse": "aws-bedrock",
    "cerebras": "cerebras",
    "chatgpt": "openai",
    "cloudflare": "cloudflare-workers-ai",
    "codestral": "mistral",
    "dashscope": "alibaba-model-studio",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "google-ai-studio": "gemini-api",
    "groq": "groq",
    "text-completion-codestral": "mistral",
    "text-completion-openai": "openai",
    "together_ai": "together-ai",
    "vertex_ai": "vertex-ai",
    "vertex_ai_beta": "vertex-ai",
}
# Gateways that go by a platform's own slug.
# fmt: off
_SLUGS = [
    "alibaba-model-studio", "aws-bedrock", "azure-foundry", "azure-openai", "fireworks", "gemini-api",
    "together-ai", "vertex-ai", "xiaomi-mimo", "z-ai",
]
# Platforms that the catalog does not cover. They are named so that `github/gpt-4` is known to be GitHub's:
# OpenAI's dates say nothing about it.
_UNCATALOGUED = {
    name: name.replace("_", "-") for name in (
        "ai21", "anyscale", "baseten", "databricks", "deepinfra", "github", "github_copilot", "gradient_ai",
        "hosted_vllm", "huggingface", "hyperbolic", "lambda_ai", "lm_studio", "meta_llama", "morph", "nebius",
        "novita", "nscale", "nvidia_nim", "oci", "ollama", "ollama_chat", "openrouter", "predibase", "replicate",
        "sagemaker", "sagemaker_chat", "sambanova", "snowflake", "vercel_ai_gateway", "vllm", "volcengine",
        "voyage", "watsonx", "watsonx_text",
    )
}
# fmt: on
# A gateway's own name, which a client of it may put in front: it says nothing about who is called behind it.
_GATEWAYS = ("litellm_proxy",)

_KNOWN = {**_MAKERS, **_ROUTES, **{slug: slug for slug in _SLUGS}}
PROVIDERS: dict[str, str] = {**_KNOWN, **_UNCATALOGUED}
"""Provider name in lower case -> platform slug. A name that is missing here is its own platform."""


class ProviderPrefix(NamedTuple):
    """What a prefix of a model's name says.

    `overrides_hint`: it names who is called, whatever the log says about the platform. Without a `platform` it
    names a gateway only.
    """

    platform: str
    overrides_hint: bool = True


CATALOGUED = frozenset(_KNOWN.values()) - {"cloudflare-workers-ai"}
"""Platforms that the catalog covers."""

PREFIXES: dict[str, ProviderPrefix] = {
    **{name: ProviderPrefix(platform, name not in _MAKERS) for name, platform in PROVIDERS.items()},
    **{name: ProviderPrefix("", overrides_hint=False) for name in _GATEWAYS},
}
"""First segment of a gateway's model name -> what it says."""

OWN_MODELS_ONLY = frozenset(_MAKERS.values())
"""Platforms that serve nobody else's models: a different maker's prefix outranks such a hint."""

# The same in the words of other gateways and of tracing libraries, in lower case and with underscores.
# "" is a name that says who made a model or which library called it, not where it ran.
TOOLS: dict[str, str] = {
    **{name.replace("-", "_"): platform for name, platform in _KNOWN.items()},
    "aws": "aws-bedrock",
    "aws.bedrock": "aws-bedrock",
    "aws_bedrock": "aws-bedrock",
    "amazon_bedrock": "aws-bedrock",
    "azure.ai.openai": "azure-openai",
    "az.ai.openai": "azure-openai",
    "azure_openai": "azure-openai",
    "azure.ai.inference": "azure-foundry",
    "az.ai.inference": "azure-foundry",
    "azure_ai_foundry": "azure-foundry",
    "gcp.vertex_ai": "vertex-ai",
    "vertexai": "vertex-ai",
    "google_vertex": "vertex-ai",
    "google_vertex_ai": "vertex-ai",
    "gcp.gemini": "gemini-api",
    "google_ai_studio": "gemini-api",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "x_ai": "xai",
    "grok": "xai",
    "together": "together-ai",
    "togetherai": "together-ai",
    "fireworks": "fireworks",
    "perplexity_ai": "perplexity",
    "moonshot_ai": "moonshot",
    "workers_ai": "cloudflare-workers-ai",
    **dict.fromkeys(("gcp.gen_ai", "google", "gcp", "vertex", "custom", "unknown", "_other", "other", "none"), ""),
    **dict.fromkeys(("langchain", "llamaindex", "llama_index", "litellm", "haystack", "crewai", "helicone"), ""),
}

API_HOSTS = {
    "api.openai.com": "openai",
    "eu.api.openai.com": "openai",
    "us.api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gemini-api",
    "aiplatform.googleapis.com": "vertex-ai",
    "api.mistral.ai": "mistral",
    "codestral.mistral.ai": "mistral",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.groq.com": "groq",
    "api.together.xyz": "together-ai",
    "api.together.ai": "together-ai",
    "api.fireworks.ai": "fireworks",
    "api.deepseek.com": "deepseek",
    "api.x.ai": "xai",
    "api.perplexity.ai": "perplexity",
    "api.cerebras.ai": "cerebras",
    "dashscope.aliyuncs.com": "alibaba-model-studio",
    "dashscope-intl.aliyuncs.com": "alibaba-model-studio",
    "api.moonshot.ai": "moonshot",
    "api.moonshot.cn": "moonshot",
    "api.z.ai": "z-ai",
}
SUFFIXES = (
    (".openai.azure.com", "azure-openai"),
    (".cognitiveservices.azure.com", "azure-openai"),
    (".services.ai.azure.com", "azure-foundry"),
    ("-aiplatform.googleapis.com", "vertex-ai"),
)


def platform_of_host(host: str) -> str:
    """The platform behind a host name (a port may follow); "" when it is none we know.

    A bare name is what an operator called an upstream or service: `openai` says which as well.
    """
    name = host.rsplit(":", 1)[0].lower().rstrip(".") if host.count(":") == 1 else host.lower().rstrip(".")
    if name in API_HOSTS:
        return API_HOSTS[name]
    if name.startswith(("bedrock-runtime.", "bedrock-runtime-fips.")) and name.endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    ):
        return "aws-bedrock"
    if "." not in name:
        return _KNOWN.get(name, "")
    return next((platform for suffix, platform in SUFFIXES if name.endswith(suffix)), "")


def platform_of_provider(provider: str | None) -> str:
    """The platform that LiteLLM means by a provider's name; "" when it names none."""
    name = (provider or "").strip().lower()
    if name.startswith("vertex_ai-"):  # the model map's sections, as `vertex_ai-language-models`
        name = "vertex_ai"
    return PROVIDERS.get(name, name.replace("_", "-")[:60])


def catalog_platform(provider: str | None) -> str:
    """The same where the catalog covers the platform; "" for any other name."""
    platform = platform_of_provider(provider)
    return platform if platform in CATALOGUED else ""


def platform_of_tool(provider: str | None) -> str:
    """The platform that a gateway other than LiteLLM, or a tracing library, means by a provider's name."""
    name = (provider or "").strip().lower().replace("-", "_").replace(" ", "_")
    return TOOLS.get(name, name.replace("_", "-")[:60])


def platform_of_backend(name: str | None) -> str:
    """The platform behind a backend that an operator named like one; "" for any other name."""
    return TOOLS.get((name or "").strip().lower().replace("-", "_"), "")
