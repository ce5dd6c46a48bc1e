"""Sundial's own JSON lines, as a platform team's exporter writes them: one per application, model and hour."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from dashboard.demo.expected_totals import CallTotals, ExpectedTotals
from dashboard.demo.scenario import CallStream, DemoApplication
from dashboard.demo.token_sizes import call_cost, draw_tokens
from dashboard.demo.traffic import HourlyCalls, seeded_random

__all__ = ["PlatformLog"]

ENDPOINTS = {"completions": "/v1/completions", "chat": "/v1/chat/completions", "embeddings": "/v1/embeddings"}


class PlatformLog:
    """Writes `folder/usage-YYYY-MM.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(
        self,
        on: date,
        traffic: Iterable[tuple[DemoApplication, CallStream, list[HourlyCalls]]],
        totals: ExpectedTotals,
    ) -> None:
        lines: list[tuple[int, str]] = []
        for number, (application, stream, hours) in enumerate(traffic):
            draw = seeded_random("lengths", application.key, stream.model, number, on).random
            for hour in hours:
                errors = hour.failed + hour.gone
                one_in, one_out = draw_tokens(stream.api, draw)
                into, out = one_in * (hour.calls - errors), one_out * (hour.calls - errors)
                lines.append((hour.hour, _line(application, stream, on, hour, into, out)))
                # This format has no column for calls that are gone for good; they are errors.
                totals.add(on, application.key, stream.model, CallTotals(hour.calls, errors, 0, into, out))
        lines.sort()
        with (self.folder / f"usage-{on:%Y-%m}.jsonl").open("a", encoding="ascii", newline="\n") as log:
            log.writelines(f"{line}\n" for _, line in lines)


def _line(
    application: DemoApplication, stream: CallStream, on: date, hour: HourlyCalls, into: int, out: int
) -> str:
    return json.dumps(
        {
            "ts": f"{on}T{hour.hour:02}:00:00Z",
            "application": application.key,
            "platform": "openai",
            "model": stream.model,
            "endpoint": ENDPOINTS[stream.api],
            "calls": hour.calls,
            "errors": hour.failed + hour.gone,
            "input_tokens": into,
            "output_tokens": out,
            "cost": call_cost(stream.model, into, out),
        }
    )
