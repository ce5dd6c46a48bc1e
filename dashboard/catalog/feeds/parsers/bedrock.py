"""Amazon Bedrock's own list: what `aws bedrock list-foundation-models` prints (ListFoundationModels).

`modelLifecycle` holds `status` and, since 2026, `legacyTime` and `endOfLifeTime`, the end in all regions.
The call is signed with an AWS account: `aws.py` makes it, or a job that has one saves the copy.
"""

import re
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

URL = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html"

_WINDOW = re.compile(r"(.+:\d+):(?:\d+k|mm)")
"""`amazon.nova-lite-v1:0:24k`: the same model with another context window."""


def parse(content: bytes) -> ParsedFeed:
    document = parse_json(content)
    items = document.get("modelSummaries") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise FeedError("not_bedrock")
    records = Records(items)
    for record in records:
        life = record.get("modelLifecycle")
        model = model_name(record.get("modelId"))
        steps = _steps(life) if isinstance(life, dict) else None
        if not model or not isinstance(life, dict) or steps is None:
            records.skip("malformed")
            continue
        base = _WINDOW.fullmatch(model)
        dates = ", ".join(f"{step.kind} {step.on}" for step in steps)
        records.add(
            FeedItem(
                "aws-bedrock",
                base[1] if base else model,
                steps,
                kind=_kind(record.get("outputModalities")),
                released_on=None,
                source_url=URL,
                evidence=f"ListFoundationModels: {model} {life.get('status', '')} {dates}".strip(),
            )
        )
    return records.parsed()


def _steps(life: dict[str, Any]) -> tuple[MilestoneDoc, ...] | None:
    """The dated steps; None when one is not a date. An active model's end is the earliest possible one."""
    try:
        legacy, end = parse_day(life.get("legacyTime")), parse_day(life.get("endOfLifeTime"))
    except ValueError:
        return None
    firm = str(life.get("status", "")).upper() == "LEGACY"
    steps = []
    if legacy:
        steps.append(MilestoneDoc("legacy", legacy))
    if end:
        steps.append(MilestoneDoc("sunset", end, "day" if firm else "not_before"))
    return tuple(steps)


def _kind(modalities: Any) -> str:
    names = modalities if isinstance(modalities, list) else []
    by_name = {"EMBEDDING": "embedding", "IMAGE": "image", "VIDEO": "video", "SPEECH": "audio", "TEXT": "chat"}
    return next((kind for name, kind in by_name.items() if name in names), "other")
