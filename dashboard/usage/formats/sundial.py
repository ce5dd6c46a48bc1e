"""Sundial's own JSON lines: `ts, application, platform, model, endpoint, calls, errors, input_tokens,
output_tokens, cost, id`, all but `ts` and `model` optional; also `team`, `key_alias`, `tags`, `gone`.

A line without `calls` is one call; `"calls": null` says that the number is unknown.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from dashboard.usage.formats.base import DetectionSample, LineFormat
from dashboard.usage.records import (
    INTERNAL,
    UNKNOWN,
    Called,
    Caller,
    CallRow,
    checked_count,
    clean,
    cost_nano,
    epoch_seconds,
)

__all__ = ["Sundial"]


class SundialLine(msgspec.Struct, gc=False):
    ts: float | int | str
    model: str | None
    application: str | None = None
    platform: str | None = None
    endpoint: str | None = None
    team: str | None = None
    key_alias: str | None = None
    tags: str | None = None
    calls: float | int | UnsetType | None = UNSET
    errors: float | int | None = None
    gone: float | int | None = None
    input_tokens: float | int | None = None
    output_tokens: float | int | None = None
    cost: float | int | None = None
    id: str | None = None


class Sundial(LineFormat):
    name = "sundial"
    parse = staticmethod(msgspec.json.Decoder(SundialLine).decode)

    def extract(self, record: SundialLine) -> CallRow:
        calls = 1 if record.calls is UNSET else checked_count(record.calls, "calls")
        errors, gone = checked_count(record.errors, "errors"), checked_count(record.gone, "gone")
        if calls is not None and max(errors or 0, gone or 0) > calls:
            raise ValueError("more errors than calls")
        return (
            epoch_seconds(record.ts),
            (
                record.application,
                record.team,
                record.key_alias,
                record.tags,
                record.platform,
                record.model,
                record.endpoint,
            ),
            record.id,
            calls,
            errors,
            gone,
            checked_count(record.input_tokens, "input_tokens"),
            checked_count(record.output_tokens, "output_tokens"),
            cost_nano(record.cost),
        )

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        application, team, alias, tags, platform, model, endpoint = key
        consumer = clean(application or team or alias, 200) or UNKNOWN
        caller = Caller(
            consumer, clean(team, 200), clean(alias, 200), clean(tags, 500), internal=consumer == INTERNAL
        )
        return caller, Called(clean(platform, 60), clean(model, 300), clean(endpoint, 100))

    def recognise(self, sample: DetectionSample) -> str:
        ours = sum(map(self._is_ours, sample.objects))
        return 'JSON lines with "ts" and "model"' if ours >= sample.needed else ""

    def _is_ours(self, line: dict[str, Any]) -> bool:
        return "ts" in line and "model" in line and not {"request", "startTime", "logger"} & line.keys()
