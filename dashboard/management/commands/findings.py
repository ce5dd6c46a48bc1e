"""`manage.py findings`: who still calls what retires. Exit 1 when something open is due within `--within` days."""

from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import snapshot as catalog
from dashboard.core import clock
from dashboard.findings.models import Finding, Status
from dashboard.findings.serializers import serialize_findings
from dashboard.management.base import CommandResult, SundialCommand, UsageError, format_table, parse_day

OPEN = (Status.OPEN, Status.REGRESSED, Status.ACKNOWLEDGED)
"""A finding that is being worked on is still due; a snoozed or exempt one was let off by somebody."""


class Command(SundialCommand):
    help = "List findings, most urgent first; exit 1 when an open one is due within --within days"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--as-of", metavar="DAY", help="as known on this day (default: today)")
        parser.add_argument(
            "--within", type=int, metavar="DAYS", help="only sunsets at most so many days away, or past"
        )
        parser.add_argument("--status", help=f"one of {', '.join(Status.values)} (default: all but resolved)")

    def run(self, **options: Any) -> CommandResult:
        as_of = parse_day(options["as_of"]) or clock.today()
        status, within = options["status"], options["within"]
        if status and status not in Status.values:
            raise UsageError(f"--status must be one of {', '.join(Status.values)}, not {status!r}")
        if within is not None and within < 0:
            raise UsageError("--within must be 0 or more days")
        snapshot = catalog.load(as_of)
        found = Finding.objects.as_of(as_of, snapshot)
        found = found.with_status(status) if status else found.alive()
        if within is not None:
            found = found.due_within(within)
        answers = serialize_findings(list(found.by_due()), snapshot)
        due = within is not None and any(a["status"] in OPEN for a in answers)
        return CommandResult(answers, self.text(answers), exit_code=1 if due else 0)

    def text(self, answers: list[dict[str, Any]]) -> str:
        if not answers:
            return "No findings"
        headers = ["sunset", "days", "application", "calls", "status", "calls/7d", "owner"]
        rows = [
            [
                a["sunset_date"],
                a["days_left"],
                a["application"],
                f"{a['platform']}/{a['entry']}",
                a["status"],
                a["calls_7d"],
                a["owner"] or None,
            ]
            for a in answers
        ]
        return format_table(headers, rows)
