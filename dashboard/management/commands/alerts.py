"""`manage.py alerts run`: update findings, write digests, and send what is due in the outbox."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from dashboard.alerts import delivery as alerts_delivery
from dashboard.alerts import outbox
from dashboard.alerts.models import Delivery
from dashboard.core import clock
from dashboard.findings import scan
from dashboard.management.base import CommandResult, SundialCommand, format_table, parse_day


class Command(SundialCommand):
    help = "Mail owners their findings, once for each reason"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("action", choices=["run"])
        parser.add_argument("--as-of", metavar="DAY", help="decide as on this day (default: today)")
        parser.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")

    def run(self, **options: Any) -> CommandResult:
        as_of = parse_day(options["as_of"]) or clock.today()
        scan.run(clock.now(), as_of)
        plan = outbox.plan_digests(as_of)
        skipped = [
            {"application": s.finding.application.name, "finding": s.finding.pk, "why": s.why}
            for s in plan.skipped
        ]
        data: dict[str, Any] = {"as_of": as_of, "dry_run": options["dry_run"], "skipped": skipped}
        if options["dry_run"]:
            data["deliveries"] = [
                {"recipient": d.recipient, "findings": len(d.items), "state": "planned"} for d in plan.digests
            ]
            return CommandResult(data, self.text(data))
        written = [delivery.pk for delivery in outbox.write_digests(clock.now(), as_of)]
        sent = alerts_delivery.send_due(clock.latest())
        data["deliveries"] = [
            {
                "recipient": d.recipient,
                "subject": d.subject,
                "findings": d.notices.values("finding").distinct().count(),
                "state": d.state,
            }
            for d in Delivery.objects.filter(pk__in=written).order_by("recipient")
        ]
        data["outbox"] = asdict(sent)
        return CommandResult(data, self.text(data), exit_code=1 if sent.failed or sent.unknown else 0)

    def text(self, data: dict[str, Any]) -> str:
        lines = ["No new digests" if not data["deliveries"] else ""]
        if data["deliveries"]:
            rows = [[d["recipient"], d["findings"], d["state"], d.get("subject")] for d in data["deliveries"]]
            lines = [format_table(["recipient", "findings", "state", "subject"], rows)]
        if any(data.get("outbox", {}).values()):
            lines.append("Outbox: " + ", ".join(f"{n} {state}" for state, n in data["outbox"].items() if n))
        if data["skipped"]:
            rows = [[s["application"], s["finding"], s["why"]] for s in data["skipped"]]
            lines += ["", "Skipped:", format_table(["application", "finding", "why"], rows)]
        return "\n".join(lines)
