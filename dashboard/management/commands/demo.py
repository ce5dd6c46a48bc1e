"""`manage.py demo`: example data around the sunset of 2024-01-04, as log files read through the real pipeline."""

import logging
from dataclasses import asdict
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from dashboard.core import clock
from dashboard.demo import generate, load
from dashboard.demo.scenario import LAST_DAY
from dashboard.management.base import CommandResult, SundialCommand, UsageError


class Command(SundialCommand):
    help = "Write the demo's log files and ingest them; does nothing when that has been done"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--force", action="store_true", help="Write and load everything again")

    def run(self, **options: Any) -> CommandResult:
        if not settings.SUNDIAL_DEMO:
            raise UsageError(
                "The demo is not loaded into a database with real data: run `manage.py up --demo`, "
                "or set SUNDIAL_DEMO=1 and a SUNDIAL_VAR of its own"
            )
        started = monotonic()
        folder = settings.SUNDIAL_DEMO_LOGS
        if options["force"] or not generate.is_current(folder):
            load.delete_counts()
            generate.write_logs(folder)
        # `up` runs this before the broker serves locks, while no other process uses this database.
        logging.getLogger("dashboard.core.locks").setLevel(logging.ERROR)
        now = clock.now()
        loaded = load.load(folder, now=now, read_at=clock.latest(), as_of=max(now.date(), LAST_DAY))
        data = {**asdict(loaded), "seconds": round(monotonic() - started, 2)}
        return CommandResult(data, _text(loaded, data["seconds"]))


def _text(loaded: load.LoadResult, seconds: float) -> str:
    if not loaded.records:
        return "The demo is loaded"
    return (
        f"The demo is loaded: {loaded.accepted} lines counted, {loaded.duplicates} duplicates, "
        f"{loaded.rejected} rejected, in {seconds:.0f} s"
    )
