"""Azure's own lists of models, with `deprecation` and the lifecycle status.

Two shapes: the management API (`Models - List` of Microsoft.CognitiveServices; `az cognitiveservices model
list` prints its items), where a model has name, version and format, and the endpoint's `/openai/models`,
where the id holds both. A date of a model in service may still move: only where Azure calls it planned,
or the model deprecated, is it firm.
"""

from typing import Any

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

URL = "https://learn.microsoft.com/en-us/azure/foundry/openai/concepts/model-retirement-schedule"


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    items = document if isinstance(document, list) else None
    if isinstance(document, dict):
        items = document.get("value", document.get("data"))
    if not isinstance(items, list):
        raise FeedError("not_azure")
    records = Records(items)
    for record in records:
        if "deprecation" in record or "lifecycle_status" in record:
            _endpoint(record, records)
        else:
            _managed(record.get("model"), records)
    return records.parsed()


def _managed(model: Any, records: Records) -> None:
    if not isinstance(model, dict) or not model_name(model.get("name")):
        return records.skip("malformed")
    version = model_name(model.get("version"))
    title = model_name(model.get("name"))
    if model.get("format", "OpenAI") != "OpenAI":
        return _add("azure-foundry", title, f"{title} {version}", model, records)
    # The way the catalog's name rules know: gpt-4o@2024-11-20
    return _add("azure-openai", f"{title}@{version}" if version else title, f"{title} {version}", model, records)


def _endpoint(record: dict[str, Any], records: Records) -> None:
    model = model_name(record.get("id"))
    if not model:
        return records.skip("malformed")
    if record.get("fine_tune") or ".ft-" in model:
        return records.skip("fine-tune")
    return _add("azure-openai", model, model, record, records)


def _add(platform: str, model: str, shown: str, record: dict[str, Any], records: Records) -> None:
    ends = record.get("deprecation") or {}
    if not isinstance(ends, dict):
        return records.skip("malformed")
    status = str(record.get("lifecycleStatus") or record.get("lifecycle_status") or "")
    try:
        inference = parse_day(ends.get("inference"))
        tuning = parse_day(ends.get("fineTune", ends.get("fine_tune")))
    except ValueError:
        return records.skip("malformed")
    if not inference and not tuning:
        return records.skip("no date")
    planned = str(ends.get("deprecationStatus", "")).lower() == "planned"
    firm = planned or status.lower().replace("-", "") in {"deprecated", "deprecating", "legacy"}
    steps = [MilestoneDoc("sunset", inference, "day" if firm else "")] if inference else []
    if tuning and tuning != inference:
        steps.append(MilestoneDoc("fine_tuning_closed", tuning))
    ends = f"inference {inference}, fine-tuning {tuning}"
    return records.add(
        FeedItem(
            platform,
            model,
            tuple(steps),
            source_url=URL,
            evidence=f"{shown}: {status or 'no status'}, {ends}",
        )
    )
