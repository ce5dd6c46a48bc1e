"""OpenAI's own list, `GET https://api.openai.com/v1/models`: each model's `shutdown_date`, a day or null.

Needs a key. Has neither replacements nor notice days; null means that no shutdown is announced.
"""

from dashboard.catalog.documents import MilestoneDoc
from dashboard.catalog.feeds.base import (
    FeedError,
    FeedItem,
    ParsedFeed,
    Records,
    model_name,
    parse_day,
    parse_json,
)

__all__ = ["parse"]

URL = "https://developers.openai.com/api/docs/deprecations"


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    items = document.get("data") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise FeedError("not_openai")
    records = Records(items)
    for record in records:
        model = model_name(record.get("id"))
        try:
            on = parse_day(record.get("shutdown_date"))
        except ValueError:
            model = ""
        if not model:
            records.skip("malformed")
        elif model.startswith("ft:") or ":ft-" in model:
            records.skip("fine-tune")
        elif "shutdown_date" not in record:
            records.skip("no date")
        else:
            shown = on.isoformat() if on else "null"
            records.add(
                FeedItem(
                    "openai",
                    model,
                    (MilestoneDoc("sunset", on),),
                    source_url=URL,
                    evidence=f"GET /v1/models: {model} shutdown_date {shown}",
                )
            )
    return records.parsed()
