"""deprecations.info: a scraper's daily table, as `deprecations.json` (a list) or as `feed.json` (JSON Feed).

Its `deprecation_date` falls back to the day of the first scrape or to the shutdown itself, so it is a notice day
only where it is neither; `announcement_date` is always the first scrape. It does not distinguish floors from firm
days. Azure rows mix the two catalogs of Azure and carry no version, so they add no entries.
"""

from datetime import date
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
    url_or,
)
from dashboard.catalog.messages import Message

__all__ = ["parse"]

URL = "https://deprecations.info/"

PLATFORMS = {
    "AWS Bedrock": "aws-bedrock",
    "Anthropic": "anthropic",
    "Azure": "azure-openai",
    "Cohere": "cohere",
    "Google": "gemini-api",
    "Google Vertex": "vertex-ai",
    "Groq": "groq",
    "OpenAI": "openai",
    "xAI": "xai",
}
MAX_REPLACEMENTS = 10


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    items = document
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        items = [_extension(item) for item in document["items"]]
    if not isinstance(items, list):
        raise FeedError("not_deprecations_info")
    records = Records(items)
    # A model may stand there once per notice: the newest look counts.
    for record in sorted(records, key=lambda record: str(record.get("last_observed", "")), reverse=True):
        _read(record, records)
    return records.parsed()


def _extension(item: Any) -> Any:
    if not isinstance(item, dict) or not isinstance(item.get("_deprecation"), dict):
        return None
    return item["_deprecation"] | {"url": item.get("url")}


def _read(record: dict[str, Any], records: Records) -> None:
    model = model_name(record.get("model_id"))
    try:
        sunset = parse_day(record.get("shutdown_date"))
        notice = parse_day(record.get("deprecation_date"))
        first, last = parse_day(record.get("first_observed")), parse_day(record.get("last_observed"))
        advised = _replacements(record.get("replacement_models"))
    except ValueError:
        return records.skip("malformed")
    if not model or not isinstance(record.get("provider"), str):
        return records.skip("malformed")
    platform = PLATFORMS.get(record["provider"])
    if not platform:
        return records.skip("platform not in the catalog")
    if not sunset:
        return records.skip("no date")
    steps = [MilestoneDoc("sunset", sunset, "" if platform in FLOOR_PLATFORMS else "day")]
    if notice and _is_notice(notice, sunset, first):
        steps.insert(0, MilestoneDoc("legacy" if platform == "aws-bedrock" else "announced", notice))
    return records.add(
        FeedItem(
            platform,
            model,
            tuple(steps),
            replacements=advised,
            source_url=url_or(record.get("url"), URL),
            seen_on=last,
            evidence=f"{record['provider']} {model}: shutdown_date {sunset}, observed {last}",
            also_platforms=("azure-foundry",) if platform == "azure-openai" else (),
            may_add=platform != "azure-openai",
            review_reason=Message("review_scraped"),
        )
    )


def _is_notice(notice: date, sunset: date, first: date | None) -> bool:
    return notice < sunset and notice != first


def _replacements(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError("replacements are a list")  # noqa: TRY004  one kind of problem: a malformed record
    return tuple(dict.fromkeys(name for item in value[:MAX_REPLACEMENTS] if (name := model_name(item)))) or None
