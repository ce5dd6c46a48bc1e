"""modeldeprecations.dev: a list kept by hand, each model with its sources (`/api/v1/models.json`).

It distinguishes firm days (`shutdown_on`) from floors (`earliest_shutdown_on`). Its Mistral and Bedrock ids are
names of web pages, not what calls send, so no entry is added for them.
"""

from typing import Any

from dashboard.catalog.documents import AliasDoc, MilestoneDoc
from dashboard.catalog.feeds.base import (
    FeedError,
    FeedItem,
    ParsedFeed,
    Records,
    model_name,
    model_names,
    parse_day,
    parse_json,
    url_or,
)

__all__ = ["parse"]

URL = "https://modeldeprecations.dev/"

PLATFORMS = {
    "alibaba": "alibaba-model-studio",
    "anthropic": "anthropic",
    "azure": "azure-openai",
    "bedrock": "aws-bedrock",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google": "gemini-api",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "together": "together-ai",
    "vertex": "vertex-ai",
    "xai": "xai",
    "xiaomi": "xiaomi-mimo",
    "z-ai": "z-ai",
}
SLUGS = frozenset({"aws-bedrock", "mistral"})
MAX_REPLACEMENTS = 10


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    items = document.get("models") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise FeedError("not_modeldeprecations_dev")
    records = Records(items)
    for record in records:
        _read(record, records)
    return records.parsed()


def _read(record: dict[str, Any], records: Records) -> None:
    model = model_name(record.get("model"))
    if not model or not isinstance(record.get("provider"), str):
        return records.skip("malformed")
    try:
        steps = _steps(record)
        released, seen = parse_day(record.get("released_on")), parse_day(record.get("last_verified"))
        advised = _replacements(record)
    except (ValueError, TypeError, AttributeError):
        return records.skip("malformed")
    platform = PLATFORMS.get(record["provider"])
    if not platform:
        return records.skip("platform not in the catalog")
    # Where ids are names of pages, so are the others.
    aliases = model_names(record.get("aliases")) if platform not in SLUGS else ()
    if not steps and not aliases:
        return records.skip("no date")
    dates = ", ".join(f"{step.kind} {step.on} ({step.precision})" for step in steps)
    return records.add(
        FeedItem(
            platform,
            model,
            steps,
            replacements=advised,
            released_on=released,
            source_url=_source(record),
            seen_on=seen,
            evidence=f"{record['provider']} {model}: {dates or 'no date'}{_also(aliases)}, verified {seen}",
            aliases=tuple(AliasDoc(alias) for alias in aliases),
            may_add=platform not in SLUGS,
        )
    )


def _also(aliases: tuple[str, ...]) -> str:
    return f", aliases {', '.join(aliases)}" if aliases else ""


def _steps(record: dict[str, Any]) -> tuple[MilestoneDoc, ...]:
    notice, firm, floor = (
        parse_day(record.get(field)) for field in ("deprecated_on", "shutdown_on", "earliest_shutdown_on")
    )
    steps = []
    if notice:
        steps.append(MilestoneDoc("legacy" if record["provider"] == "bedrock" else "announced", notice))
    if firm or floor:
        steps.append(MilestoneDoc("sunset", firm or floor, "day" if firm else "not_before"))
    return tuple(steps)


def _replacements(record: dict[str, Any]) -> tuple[str, ...] | None:
    """The recommended ones first; those that the site does not list itself are left out."""
    items = [item for item in record.get("replacements") or () if not item.get("external")]
    items.sort(key=lambda item: not item.get("recommended"))
    names: dict[str, None] = {}
    for item in items[:MAX_REPLACEMENTS]:
        model, platform = model_name(item.get("model")), PLATFORMS.get(str(item.get("provider")), "")
        if model and platform:
            names[model if item.get("provider") == record["provider"] else f"{platform}/{model}"] = None
    return tuple(names) or None


def _source(record: dict[str, Any]) -> str:
    sources = record.get("sources")
    first = sources[0] if isinstance(sources, list) and sources and isinstance(sources[0], dict) else {}
    return url_or(first.get("url"), URL)
