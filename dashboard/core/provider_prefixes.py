"""Who a gateway's prefix names. Pure data.

A new gateway or platform is one line here.
"""

from typing import NamedTuple

__all__ = ["HOSTS", "OWN_MODELS_ONLY", "Host"]


class Host(NamedTuple):
    """What a gateway prefix says. `routes`: it names who is called, whatever the log's hint says.

    The others are makers' names too, and platforms that resell write them into their own ids (Groq's
    `openai/gpt-oss-20b`): there, the hint stays. Without a `platform` it names a gateway only.
    """

    platform: str
    routes: bool = True


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
_ROUTES = {
    "azure": "azure-openai",
    "azure_ai": "azure-foundry",
    "azure_text": "azure-openai",
    "bedrock": "aws-bedrock",
    "bedrock_converse": "aws-bedrock",
    "cerebras": "cerebras",
    "dashscope": "alibaba-model-studio",
    "fireworks_ai": "fireworks",
    "google-ai-studio": "gemini-api",
    "groq": "groq",
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
# fmt: on
# Hosts that nobody has catalogued yet. They are named so that `github/gpt-4` is known to be GitHub's:
# OpenAI's dates say nothing about it.
# fmt: off
_ELSEWHERE = [
    "ai21", "anyscale", "baseten", "cloudflare", "codestral", "databricks", "deepinfra", "github",
    "github_copilot", "gradient_ai", "hosted_vllm", "huggingface", "hyperbolic", "lambda_ai", "lm_studio",
    "meta_llama", "morph", "nebius", "novita", "nscale", "nvidia_nim", "oci", "ollama", "ollama_chat",
    "openrouter", "predibase", "replicate", "sagemaker", "sagemaker_chat", "sambanova", "snowflake",
    "vercel_ai_gateway", "vllm", "volcengine", "voyage", "watsonx", "watsonx_text",
]
# fmt: on

# A gateway's own name, which a client of it may put in front: it says nothing about who is called behind it.
_GATEWAYS = ["litellm_proxy"]

HOSTS: dict[str, Host] = {
    **{prefix: Host(prefix) for prefix in _SLUGS + _ELSEWHERE},
    **{prefix: Host(platform) for prefix, platform in _ROUTES.items()},
    **{prefix: Host("", routes=False) for prefix in _GATEWAYS},
    **{prefix: Host(platform, routes=False) for prefix, platform in _MAKERS.items()},
}
"""First segment of a gateway's name -> what it says."""

OWN_MODELS_ONLY = frozenset(_MAKERS.values())
"""Platforms that serve nobody else's models: a different maker's prefix outranks such a hint."""
