"""Writes the demo's log files: the same bytes every time.

demo-logs/
  litellm/2023-06-22.jsonl.gz ...    the gateway of the product teams
  edge/access.log-20230625 ...       the nginx in front of older services
  partner/access.log-20230625 ...    another nginx, whose log stops in October
  platform/usage-2023-06.jsonl ...   the batch platform's exporter
  manifest.json                      written last: what the files were made from
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Protocol

from dashboard.demo.applications import APPLICATIONS
from dashboard.demo.expected_totals import ExpectedTotals
from dashboard.demo.scenario import CallStream, DemoApplication, Gateway, scenario_days
from dashboard.demo.traffic import HourlyCalls, hourly_calls
from dashboard.demo.writers.litellm import LiteLLMLog
from dashboard.demo.writers.nginx import NginxLog
from dashboard.demo.writers.usage_api import PlatformLog

__all__ = ["is_current", "source_digest", "write_logs"]

MANIFEST = "manifest.json"


class LogWriter(Protocol):
    def write(
        self,
        on: date,
        traffic: Iterator[tuple[DemoApplication, CallStream, list[HourlyCalls]]],
        totals: ExpectedTotals,
    ) -> None: ...


WRITERS: dict[Gateway, Callable[[Path], LogWriter]] = {
    "litellm": LiteLLMLog,
    "edge": NginxLog,
    "partner": NginxLog,
    "platform": PlatformLog,
}


def write_logs(folder: Path) -> ExpectedTotals:
    """Write all files anew; returns what was written.

    They are renamed to `folder` at the end, so a run that is killed leaves no incomplete folder.
    """
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    totals = ExpectedTotals()
    logs = {gateway: make(building / gateway) for gateway, make in WRITERS.items()}
    for on in scenario_days():
        for gateway, log in logs.items():
            log.write(on, _traffic(gateway, on), totals)
    total = totals.total()
    manifest = {"source_digest": source_digest(), "calls": total.calls, "errors": total.errors, "gone": total.gone}
    (building / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return totals


def is_current(folder: Path) -> bool:
    """Whether the files in `folder` are complete and were written by this version of the generator."""
    try:
        return json.loads((folder / MANIFEST).read_text())["source_digest"] == source_digest()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def source_digest() -> str:
    """A hash of this package's source files, which decide the bytes."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _traffic(gateway: Gateway, on: date) -> Iterator[tuple[DemoApplication, CallStream, list[HourlyCalls]]]:
    for application in APPLICATIONS:
        if application.gateway == gateway:
            for stream in application.streams:
                yield application, stream, hourly_calls(application, stream, on)
