"""Which platform serves a call, from what gateways name providers and from the host that answered."""

__all__ = [
    "HOSTS",
    "PROVIDERS",
    "platform_of_backend",
    "platform_of_host",
    "platform_of_provider",
    "platform_of_tool",
]

# LiteLLM's provider names -> platform slug. One that is missing here keeps its own name.
PROVIDERS = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "chatgpt": "openai",
    "azure": "azure-openai",
    "azure_text": "azure-openai",
    "azure_ai": "azure-foundry",
    "bedrock": "aws-bedrock",
    "bedrock_converse": "aws-bedrock",
    "vertex_ai": "vertex-ai",
    "vertex_ai_beta": "vertex-ai",
    "gemini": "gemini-api",
    "anthropic": "anthropic",
    "anthropic_text": "anthropic",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "mistral": "mistral",
    "codestral": "mistral",
    "text-completion-codestral": "mistral",
    "together_ai": "together-ai",
    "fireworks_ai": "fireworks",
    "groq": "groq",
    "deepseek": "deepseek",
    "xai": "xai",
    "perplexity": "perplexity",
    "cerebras": "cerebras",
    "dashscope": "alibaba-model-studio",
    "moonshot": "moonshot",
    "minimax": "minimax",
    "zai": "z-ai",
    "cloudflare": "cloudflare-workers-ai",
}
# The same in the words of other gateways and of tracing libraries, in lower case and with underscores.
# "" is a name that says who made a model or which library called it, not where it ran.
TOOLS = {
    **PROVIDERS,
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

HOSTS = {
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
    if name in HOSTS:
        return HOSTS[name]
    if name.startswith(("bedrock-runtime.", "bedrock-runtime-fips.")) and name.endswith(
        (".amazonaws.com", ".amazonaws.com.cn")
    ):
        return "aws-bedrock"
    if "." not in name:
        return PROVIDERS.get(name, "")
    return next((platform for suffix, platform in SUFFIXES if name.endswith(suffix)), "")


def platform_of_provider(provider: str | None) -> str:
    """The platform that a gateway means by a provider's name; "" when it names none."""
    name = (provider or "").strip().lower()
    return PROVIDERS.get(name, name.replace("_", "-")[:60])


def platform_of_tool(provider: str | None) -> str:
    """The platform that a gateway other than LiteLLM, or a tracing library, means by a provider's name."""
    name = (provider or "").strip().lower().replace("-", "_").replace(" ", "_")
    return TOOLS.get(name, name.replace("_", "-")[:60])


def platform_of_backend(name: str | None) -> str:
    """The platform behind a backend that an operator named like one; "" for any other name."""
    return TOOLS.get((name or "").strip().lower().replace("-", "_"), "")
