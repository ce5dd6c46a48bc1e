"""`manage.py progress PLATFORM DATE`: how far a deadline's migration is, and when it will be through."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.core import clock
from dashboard.findings.deadlines.summary import deadline_summary
from dashboard.findings.serializers import serialize_deadline
from dashboard.management.base import CommandResult, SundialCommand, UsageError, format_table, parse_day


class Command(SundialCommand):
    help = "Progress and forecast of a deadline, in total and per application"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("platform")
        parser.add_argument("date", help="the sunset date, such as 2024-01-04")
        parser.add_argument("--as-of", metavar="DAY", help="as known on this day (default: today)")
        parser.add_argument(
            "--html", metavar="FILE", help="write the burn-down as one interactive HTML file; - is standard output"
        )

    def run(self, **options: Any) -> CommandResult:
        if options["html"] and options["json"]:
            raise UsageError("Choose one of --html and --json")
        as_of = parse_day(options["as_of"]) or clock.today()
        sunset_on = parse_day(options["date"], "DATE")
        snapshot = catalog.load(as_of)
        deadline = snapshot.deadlines.get((options["platform"], sunset_on)) if sunset_on else None
        if deadline is None:
            known = sorted(
                day.isoformat() for platform, day in snapshot.deadlines if platform == options["platform"]
            )
            hint = f"; it has {', '.join(known)}" if known else ""
            raise UsageError(f"{options['platform']} has no deadline on {sunset_on} as known on {as_of}{hint}")
        if options["html"]:
            return self.write_html(options["html"], deadline, snapshot)
        data = serialize_deadline(deadline, deadline_summary(deadline, snapshot))
        return CommandResult(data, self.text(data))

    def write_html(self, file: str, deadline: Deadline, snapshot: Snapshot) -> CommandResult:
        from dashboard.web.deadlines.export import burndown_html

        document = burndown_html(deadline, snapshot, clock.today())
        if document is None:
            raise UsageError(f"{deadline.platform} {deadline.sunset_on} has no calls: there is nothing to draw")
        if file == "-":
            return CommandResult(None, document, verbatim=True)
        try:
            _write_atomically(Path(file), document)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror or error}") from None
        return CommandResult(None, f"Wrote {file}")

    def text(self, data: dict[str, Any]) -> str:
        forecast = data["forecast"]
        unit = data["measure"]
        lines = [
            f"{data['platform']} {data['sunset_date']}: {data['days_left']} days left as of {data['as_of']}",
            f"progress      {_percent(data['progress'])}",
            f"remaining     {data['remaining']:,.1f} {unit} a day, of {data['baseline']:,.1f}",
            f"replacements  {_percent(data['replacement_share'])} of calls",
            f"applications  {data['applications_done']} of {data['applications_total']} done",
            f"failing       {data['failing_per_day']:,.1f} {unit} a day",
            f"forecast      {forecast['verdict']}{_when(forecast)}",
        ]
        if data["incomplete"]:
            lines.append("Some sources report no calls and others no tokens: what cannot be compared is left out")
        if data["applications"]:
            headers = [
                "application",
                "status",
                "remaining",
                "baseline",
                "progress",
                "last call",
                "forecast",
                "zero on",
            ]
            rows = [
                [
                    a["application"],
                    a["status"],
                    round(a["remaining"], 1),
                    round(a["baseline"], 1),
                    _percent(a["progress"]),
                    a["last_seen"],
                    a["forecast"]["verdict"],
                    a["forecast"]["zero_on"],
                ]
                for a in data["applications"]
            ]
            lines += ["", format_table(headers, rows)]
        return "\n".join(lines)


def _write_atomically(path: Path, text: str) -> None:
    """Write the whole file or none: a reader never sees half of it, and a failure leaves the old one."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        draft = Path(file.name)
        try:
            file.write(text)
            file.close()
            draft.chmod(0o644)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _percent(part: float | None) -> str:
    return "-" if part is None else f"{part:.1%}"


def _when(forecast: dict[str, Any]) -> str:
    if not forecast["zero_on"]:
        return ""
    return f", zero on {forecast['zero_on']} ({forecast['low']} to {forecast['high'] or 'possibly never'})"
