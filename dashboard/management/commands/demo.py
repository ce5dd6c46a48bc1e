"""`manage.py demo`: the 2024-01-04 story as log files, read through the real pipeline."""

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
        parser.add_argument("--force", action="store_true", help="Start the story over: files and counts")

    def run(self, **options: Any) -> CommandResult:
        if not settings.SUNDIAL_DEMO:
            raise UsageError(
                "The demo is no guest in a database with real data: run `manage.py up --demo`, "
                "or set SUNDIAL_DEMO=1 and a SUNDIAL_VAR of its own"
            )
        started = monotonic()
        folder = settings.SUNDIAL_DEMO_LOGS
        if options["force"] or not generate.is_current(folder):
            load.delete_counts()
            generate.write_logs(folder)
        # `up` comes here before it starts the broker, and nobody else works on this database yet.
        logging.getLogger("dashboard.core.locks").setLevel(logging.ERROR)
        now = clock.now()
        loaded = load.load(folder, now=now, read_at=clock.latest(), as_of=max(now.date(), LAST_DAY))
        data = {**asdict(loaded), "seconds": round(monotonic() - started, 2)}
        return CommandResult(data, _text(loaded, data["seconds"]))


def _text(loaded: load.LoadResult, seconds: float) -> str:
    if not loaded.records:
        return "The demo is in place"
    return (
        f"The demo is in place: {loaded.accepted} lines of its logs counted, "
        f"{loaded.duplicates} delivered twice, {loaded.rejected} rejected, in {seconds:.0f} s"
    )
