"""`usage import | poll | report`: import files, poll sources, print usage as a table."""

import csv
import io
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.management.base import CommandParser
from django.utils.text import slugify

from dashboard.catalog import snapshot
from dashboard.core import clock
from dashboard.core.csv_safety import safe_cell
from dashboard.findings import name_resolution, scan
from dashboard.findings.traffic import usage_report
from dashboard.management.base import CommandResult, SundialCommand, UsageError, format_table, parse_day
from dashboard.management.progress_bar import ProgressBar
from dashboard.usage import polling
from dashboard.usage.connectors.manual_import.connector import ImportConnector
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.formats.registry import AUTO, format_choices
from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Counts, import_file
from dashboard.usage.models import Source

COLUMN_HEADERS = ("records", "accepted", "rejected", "duplicates", "bytes")


class Command(SundialCommand):
    help = "Read usage from log files, now, and show what was read"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="import | poll | report")

        bring = actions.add_parser(
            "import", help="Read files once; records that the source has read before are duplicates"
        )
        bring.add_argument("files", nargs="+", metavar="FILE", type=Path)
        bring.add_argument("--source", required=True, help="The source's name; it is created if missing")
        bring.add_argument("--format", choices=format_choices(), default=AUTO)
        bring.add_argument("--platform", default="", help="Platform of calls whose line names none")

        poll = actions.add_parser("poll", help="Read what is new in sources that are polled")
        poll.add_argument("sources", nargs="*", metavar="SOURCE", help="All of them when left out")

        show = actions.add_parser("report", help="Sums over days, both included")
        show.add_argument("--from", dest="first", required=True, metavar="DAY")
        show.add_argument("--to", dest="last", required=True, metavar="DAY")
        show.add_argument(
            "--by",
            default="day,application,platform,model",
            help=f"Any of {', '.join(usage_report.COLUMNS)}, with commas",
        )
        show.add_argument("--source", help="Of one source only")
        show.add_argument("--csv", action="store_true", help="As CSV")
        for action in (bring, poll, show):
            self.add_json_option(action)

    def run(self, **options: Any) -> CommandResult:
        return {"import": self._import, "poll": self._poll, "report": self._report}[options["action"]](**options)

    def _import(self, **options: Any) -> CommandResult:
        started, now = monotonic(), clock.latest()
        files: list[Path] = options["files"]
        for path in files:
            if not path.is_file():
                raise UsageError(f"{path}: there is no such file")
        source = _source_for_import(options)
        counts = Counts()
        total = sum(path.stat().st_size for path in files)
        with _bar(total) as tick:
            for path in files:
                try:
                    counts += import_file(source, path, format=options["format"], now=now, progress=tick)
                except InputError as problem:
                    _scan()
                    raise UsageError(str(problem)) from None
        _scan()
        seconds = round(monotonic() - started, 3)
        data = {"files": len(files), **asdict(counts), "seconds": seconds}
        return CommandResult(data, _import_text(source, data))

    def _poll(self, **options: Any) -> CommandResult:
        now = clock.latest()
        polling.ensure_inbox(now)
        sources = [_source(name) for name in options["sources"]] or list(polling.polled_sources())
        results = []
        for source in sources:
            if reason := connector_for(source.kind).not_polled_reason:
                raise UsageError(f"{source.slug} is not polled: {reason}")
            counts = polling.poll(source, now)
            source.refresh_from_db()
            results.append({"source": source.slug, **asdict(counts), "problem": source.problem})
        _scan()
        headers = ("source", *COLUMN_HEADERS, "problem")
        return CommandResult({"sources": results}, format_table(headers, [list(row.values()) for row in results]))

    def _report(self, **options: Any) -> CommandResult:
        first, last = parse_day(options["first"], "--from"), parse_day(options["last"], "--to")
        if not first or not last:
            raise UsageError("--from and --to must be days such as 2024-01-04")
        by = [name.strip() for name in options["by"].split(",") if name.strip()]
        name_resolution.refresh(snapshot.load(clock.today()))
        source = _source(options["source"]) if options["source"] else None
        try:
            rows = [row.as_dict(by) for row in usage_report.usage_rows(first, last, by, source)]
        except usage_report.ReportError as problem:
            raise UsageError(str(problem)) from None
        headers = [*by, *usage_report.MEASURES]
        data = {"from": first, "to": last, "by": by, "rows": rows}
        if options["csv"]:
            return CommandResult(data, _csv(headers, rows), verbatim=True)
        return CommandResult(data, format_table(headers, [list(row.values()) for row in rows]))


def _source_for_import(options: dict[str, Any]) -> Source:
    name, platform = options["source"].strip(), options["platform"].strip()
    source = _source_by_name(name)
    if source is None:
        slug = slugify(name)[:60]
        if not slug:
            raise UsageError(f"--source {name!r} needs at least one letter or digit")
        source, _ = Source.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name[:100],
                "kind": ImportConnector.kind,
                "format": options["format"],
                "platform": platform[:60],
                "created_at": clock.now(),
            },
        )
    if platform and source.platform != platform:
        raise UsageError(
            f"{source.slug} has the platform {source.platform or '(none)'}: "
            "import into another source, or change this one"
        )
    return source


def _source_by_name(name: str) -> Source | None:
    return Source.objects.filter(slug=name).first() or Source.objects.filter(slug=slugify(name)[:60]).first()


def _source(name: str) -> Source:
    source = _source_by_name(name)
    if source is None:
        known = ", ".join(Source.objects.values_list("slug", flat=True)[:20]) or "none"
        raise UsageError(f"There is no source {name!r}; there is {known}")
    return source


def _scan() -> None:
    scan.run(clock.now(), clock.today())


def _bar(total: int) -> AbstractContextManager:
    return ProgressBar(total, sys.stderr) if sys.stderr.isatty() else nullcontext()


def _import_text(source: Source, data: dict[str, Any]) -> str:
    speed = data["bytes"] / 1e6 / max(data["seconds"], 0.001)
    return (
        f"{data['accepted']} of {data['records']} records counted in {source.slug}, "
        f"{data['duplicates']} were known, {data['rejected']} rejected; "
        f"{data['bytes'] / 1e6:.1f} MB in {data['seconds']:.1f} s ({speed:.0f} MB/s)"
    )


def _csv(headers: list[str], rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([safe_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()
