"""What both Langfuse formats share: which observations are calls, who calls, tokens.

Langfuse does not know the host. A name that is spelt as its maker's own API spells it is taken for a
call there; any other leaves the platform to the source and the catalog. One key belongs to one project,
so the project is who calls; the trace's name is kept beside it.
"""

import re

import msgspec
from msgspec import Raw

from dashboard.usage.formats.model_gone import reports_model_gone
from dashboard.usage.records import (
    UNKNOWN,
    Called,
    Caller,
    CallRow,
    checked_count,
    clean,
    cost_nano,
    epoch_seconds,
)

__all__ = ["CALLS", "Amount", "Details", "describe", "row"]

CALLS = {"GENERATION": "", "EMBEDDING": "/v1/embeddings"}
Amount = float | int | str | None
Details = dict[str, Amount] | str | None

_details = msgspec.json.Decoder(dict[str, Amount])
_tags = msgspec.json.Decoder(list[str] | None)
# Azure writes gpt-35, Vertex AI claude-...@..., Bedrock anthropic.claude-...: none of those is meant here.
_native = (
    (
        "openai",
        re.compile(
            r"(?:ft:)?(?:gpt-(?:3\.5|[4-9])|chatgpt-|o[134](?:-|$)|dall-e-|whisper-1$|tts-1|gpt-image-|omni-moderation-"
            r"|text-(?:davinci|curie|babbage|ada|embedding-(?:ada|3)|similarity|search|moderation)-|code-[a-z]+-"
            r"|(?:davinci|curie|babbage|ada)(?:-002)?(?::|$))[^@/]*"
        ),
    ),
    ("anthropic", re.compile(r"claude-[^@/]+")),
)


def row(
    kind: str,
    started: str,
    project: str | None,
    identifier: str,
    model: str | None,
    trace: str | None,
    environment: str | None,
    tags: Raw,
    level: str | None,
    message: str | None,
    usage: Details,
    cost: Amount,
) -> CallRow:
    """The row of an observation whose type is in CALLS."""
    failed = level == "ERROR"
    if isinstance(usage, str):
        usage = _details.decode(usage) if usage else None
    return (
        epoch_seconds(started),
        (project, trace, environment, bytes(tags), kind, model),
        f"{project} {identifier}",
        1,
        int(failed),
        int(failed and reports_model_gone(message)),
        _sum(usage, "input"),
        _sum(usage, "output"),
        cost_nano(_number(cost), "totalCost"),
    )


def describe(key: tuple) -> tuple[Caller, Called]:
    project, trace, environment, tags, kind, model = key
    name = clean(project, 200)
    tags_found = {clean(tag, 100) for tag in _list(tags)[:20]} | {f"environment:{clean(environment, 60)}"}
    caller = Caller(
        consumer=name or clean(trace, 200) or UNKNOWN,
        key_alias=name,
        tags=clean(",".join(sorted(tags_found - {"", "environment:"})), 500),
        service=clean(trace, 200),
    )
    platform = next((platform for platform, spelt in _native if spelt.fullmatch(model or "")), "")
    return caller, Called(platform, clean(model, 300), CALLS[kind])


def _list(tags: bytes) -> list[str]:
    try:
        return (_tags.decode(tags) if tags else None) or []
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return []


def _sum(usage: dict[str, Amount] | None, word: str) -> int | None:
    """Users may name the kinds of tokens: all that hold the word count, as in Langfuse's own columns."""
    known = [checked_count(value, word) for name, value in (usage or {}).items() if word in name]
    numbers = [count for count in known if count is not None]
    return sum(numbers) if numbers else None


def _number(cost: Amount) -> float | None:
    try:
        return None if cost in {None, ""} else float(cost)
    except ValueError:
        raise ValueError("totalCost is not a number") from None
