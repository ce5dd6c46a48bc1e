"""LiteLLM's model map: an object of model name -> what the gateway knows of it, `deprecation_date` among it.

`https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json`. The date is
in practice the day calls stop, but some platforms publish floors and the map does not mark them; there it is
never taken for a firm day. The same model is listed once per region, picture size and gateway route; these are
merged, the plainest name first.
"""

import re
from typing import Any

from dashboard.catalog.documents import MilestoneDoc
from dashboard.catalog.feeds.base import (
    FLOOR_PLATFORMS,
    FeedError,
    FeedItem,
    ParsedFeed,
    Records,
    model_name,
    parse_day,
    parse_json,
)
from dashboard.catalog.messages import Message
from dashboard.core.providers import catalog_platform

__all__ = ["parse"]

URL = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"

ALSO = {"azure-foundry": ("azure-openai",), "azure-openai": ("azure-foundry",)}
"""Azure's models go by either route of the gateway."""

KINDS = {
    "audio_speech": "audio",
    "audio_transcription": "audio",
    "chat": "chat",
    "completion": "completion",
    "embedding": "embedding",
    "image_edit": "image",
    "image_generation": "image",
    "moderation": "moderation",
    "ocr": "ocr",
    "realtime": "audio",
    "rerank": "rerank",
    "responses": "chat",
    "video_generation": "video",
}

_PICTURE = re.compile(r"(?:(?:low|medium|high|standard|hd|auto)/|\d+-x-\d+/|(?:max|\d+)-(?:x-)?steps/)+")
_GEOGRAPHY = re.compile(r"(?:us-gov|us|eu|apac|au|jp|ca|sa|global)\.(?=[a-z0-9]+\.)")
_BEDROCK = re.compile(
    r"bedrock(?:_converse)?/(?:(?:[a-z]{2}(?:-[a-z]+)+-\d|converse|invoke|\d-month-commitment)/)*"
)
_BEDROCK_ID = re.compile(r"[a-z0-9]+\.[^/]+")
"""A maker and its model. Other keys are routes to something else, or lost their maker."""

_AZURE = re.compile(r"azure(?:_text)?/(?:(?:eu|us|apac|global|global-standard)/)?")


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    if not isinstance(document, dict) or "data" in document:
        raise FeedError("not_litellm")
    records = Records({"key": key, "value": value} for key, value in document.items() if key != "sample_spec")
    # The shortest name first: it is the one without region, size and route.
    for record in sorted(records, key=lambda record: (len(record["key"]), record["key"])):
        _read(record["key"], record["value"], records)
    return records.parsed()


def _read(key: str, value: Any, records: Records) -> None:
    if not isinstance(value, dict) or not model_name(key):
        return records.skip("malformed")
    try:
        on = parse_day(value.get("deprecation_date"))
    except ValueError:
        return records.skip("malformed")
    if not on:
        return records.skip("no date")
    provider = str(value.get("litellm_provider", ""))
    platform = catalog_platform(provider)
    if not platform:
        return records.skip("platform not in the catalog")
    model = plain(platform, provider, key)
    if model.startswith("ft:") or ":ft-" in model:
        return records.skip("fine-tune")
    if platform == "aws-bedrock" and not _BEDROCK_ID.fullmatch(model):
        return records.skip("not the platform's id")
    floor = platform in FLOOR_PLATFORMS
    return records.add(
        FeedItem(
            platform,
            model,
            (MilestoneDoc("sunset", on, "" if floor else "day"),),
            kind=KINDS.get(str(value.get("mode")), "other"),
            source_url=URL,
            evidence=f"{key}: deprecation_date {on}",
            also_platforms=ALSO.get(platform, ()),
            review_reason=Message("review_floor") if floor else None,
        )
    )


def plain(platform: str, provider: str, key: str) -> str:
    """The platform's own id in a key of the map."""
    model = _PICTURE.sub("", key, count=1) if _PICTURE.match(key) else key
    if platform == "aws-bedrock":
        return _GEOGRAPHY.sub("", _BEDROCK.sub("", model, count=1), count=1)
    if platform == "azure-openai":
        model = _AZURE.sub("", model, count=1)
    else:
        for prefix in dict.fromkeys((provider, provider.partition("-")[0])):
            model = model.removeprefix(f"{prefix}/")
    model = _PICTURE.sub("", model, count=1) if _PICTURE.match(model) else model
    return model.removesuffix("@default") if platform == "vertex-ai" else model
