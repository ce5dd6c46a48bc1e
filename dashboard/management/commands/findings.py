"""`manage.py findings`: list findings. Exits with 1 if an open one is due within `--within` days."""

from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import snapshot as catalog
from dashboard.core import clock
from dashboard.findings.models import Finding, Status
from dashboard.findings.serializers import serialize_findings
from dashboard.management.base import CommandResult, SundialCommand, UsageError, format_table, parse_day

OPEN = (Status.OPEN, Status.REGRESSED, Status.ACKNOWLEDGED)
"""Statuses that count as due: acknowledged ones do, snoozed and exempt ones do not."""


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
        findings = Finding.objects.as_of(as_of, snapshot)
        findings = findings.with_status(status) if status else findings.alive()
        if within is not None:
            findings = findings.due_within(within)
        records = serialize_findings(list(findings.by_due()), snapshot)
        due = within is not None and any(record["status"] in OPEN for record in records)
        return CommandResult(records, self.text(records), exit_code=1 if due else 0)

    def text(self, records: list[dict[str, Any]]) -> str:
        if not records:
            return "No findings"
        headers = ["sunset", "days", "application", "calls", "status", "calls/7d", "owner"]
        rows = [
            [
                record["sunset_date"],
                record["days_left"],
                record["application"],
                f"{record['platform']}/{record['entry']}",
                record["status"],
                record["calls_7d"],
                record["owner"] or None,
            ]
            for record in records
        ]
        return format_table(headers, rows)
