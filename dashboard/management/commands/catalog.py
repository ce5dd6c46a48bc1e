"""`catalog import | export | sync`: read the catalog from files, write it, and compare it with feeds."""

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import serializers, snapshot
from dashboard.catalog.changes.apply import ImportResult
from dashboard.catalog.documents import CatalogError
from dashboard.catalog.feeds import sync as feeds_sync
from dashboard.catalog.feeds.registry import FEEDS
from dashboard.catalog.feeds.sync import FeedError, SyncResult
from dashboard.catalog.files import transfer
from dashboard.core import clock
from dashboard.findings import scan
from dashboard.management.base import CommandResult, SundialCommand, UsageError, parse_day


class Command(SundialCommand):
    help = "Import the catalog from a file, export it, or synchronize it with the shipped catalog and the feeds"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="import | export | sync")

        bring = actions.add_parser("import", help="Add the contents of a file; nothing is removed")
        bring.add_argument("file")
        bring.add_argument("--dry-run", action="store_true", help="Show what would change and store nothing")

        write = actions.add_parser("export", help="Write the whole catalog; the suffix gives the format")
        write.add_argument("file", nargs="?", help="Standard output when left out")
        write.add_argument("--format", choices=["yaml", "json", "csv"], help="Overrides the suffix; default yaml")
        write.add_argument(
            "--as-of", metavar="DAY", help="JSON: stages and dates as known on that day; revisions stay whole"
        )

        sync = actions.add_parser(
            "sync", help="Compare with the shipped catalog and SUNDIAL_FEEDS, or with one feed"
        )
        sync.add_argument("feed", nargs="?", metavar="FEED", help=f"One of {', '.join(FEEDS)}")
        sync.add_argument("--from", dest="source", metavar="FILE", help="A saved copy of the feed")
        sync.add_argument("--anyway", action="store_true", help="Accept a copy that is much smaller than the last")
        for action in (bring, write, sync):
            self.add_json_option(action)

    def run(self, **options: Any) -> CommandResult:
        if options["action"] == "import":
            return self._import(options["file"], dry_run=options["dry_run"])
        if options["action"] == "export":
            day = parse_day(options["as_of"]) or clock.today()
            return self._export(options["file"], options["format"], day, as_json=options["json"])
        if options["feed"]:
            return self._sync_feed(options["feed"], options["source"], anyway=options["anyway"])
        return self._sync(options["source"])

    def _import(self, file: str, *, dry_run: bool) -> CommandResult:
        try:
            result = transfer.import_file(Path(file), now=clock.now(), origin="command", dry_run=dry_run)
        except CatalogError as problem:
            raise UsageError(str(problem)) from None
        except OSError as problem:
            raise UsageError(f"{file}: {problem.strerror or problem}") from None
        return self._import_result(result)

    def _export(self, file: str | None, form: str | None, as_of: date, *, as_json: bool) -> CommandResult:
        if not file and as_json:
            return CommandResult(serializers.export(as_of), "")
        suffix = f".{form}" if form else Path(file).suffix if file else ".yaml"
        try:
            text = transfer.export_text(suffix, as_of)
        except ValueError as problem:
            raise UsageError(f"{file}: {problem}") from None
        if not file:
            return CommandResult(None, text, verbatim=True)
        try:
            Path(file).write_text(text, encoding="utf-8", newline="")
        except OSError as problem:
            raise UsageError(f"{file}: {problem.strerror or problem}") from None
        count = len(snapshot.load(as_of).entries)
        return CommandResult({"file": file, "entries": count}, f"{count} entries written to {file}")

    def _sync(self, source: str | None) -> CommandResult:
        """Load the shipped catalog and synchronize every configured feed."""
        if source:
            raise UsageError("--from needs the name of a feed")
        try:
            shipped = _summary(result := transfer.load_shipped(clock.now(), again=True))
            feeds = feeds_sync.sync_all_feeds(clock.now())
        except (CatalogError, FeedError) as problem:
            raise UsageError(str(problem)) from None
        if result.changed or any(feed.applied for feed in feeds):
            scan.run(clock.now(), clock.today())
        if not feeds:
            return shipped
        data = {"shipped": shipped.data, "feeds": [dataclasses.asdict(feed) for feed in feeds]}
        text = "\n".join([f"shipped: {shipped.text}", *map(_line, feeds)])
        return CommandResult(data, text, int(any(feed.problem for feed in feeds)))

    def _sync_feed(self, name: str, source: str | None, *, anyway: bool) -> CommandResult:
        if name not in FEEDS:
            raise UsageError(f"there is no feed {name!r}; known are {', '.join(FEEDS)}")
        try:
            location = source or feeds_sync.feed_location(name)
        except FeedError as problem:
            raise UsageError(str(problem)) from None
        result = feeds_sync.sync_feed(name, location, now=clock.now(), anyway=anyway)
        if result.applied:
            scan.run(clock.now(), clock.today())
        return CommandResult(dataclasses.asdict(result), _line(result), int(bool(result.problem)))

    def _import_result(self, result: ImportResult) -> CommandResult:
        """Update findings and summarize the import."""
        if result.changed and not result.dry_run:
            scan.run(clock.now(), clock.today())
        return _summary(result)


def _line(result: SyncResult) -> str:
    """The counts of one feed's records; they add up to `seen`."""
    if result.problem:
        return f"{result.feed}: {result.problem}; nothing was changed"
    if result.not_modified:
        return f"{result.feed}: not modified since the last copy"
    parts = [f"{getattr(result, name)} {name}" for name in ("unchanged", "applied", "proposed")]
    parts += [f"{n} {name}" for name in ("waiting", "rejected", "outdated") if (n := getattr(result, name))]
    parts += [f"{n} skipped ({reason})" for reason, n in result.skipped.items()]
    line = f"{result.feed}: {result.seen} records: {', '.join(parts)}"
    return f"{line}; decide at /catalog/review/" if result.proposed or result.waiting else line


def _summary(result: ImportResult) -> CommandResult:
    data = dataclasses.asdict(result)
    lines = [*result.changes, *(f"note: {warning}" for warning in result.warnings)]
    counts = (
        f"{result.entries_added} entries added, {result.entries_changed} changed, "
        f"{result.revisions} revisions and {result.aliases} aliases added or changed"
    )
    if not result.changed:
        counts = "nothing to change"
    lines.append(f"{counts} (dry run: nothing was stored)" if result.dry_run else counts)
    return CommandResult(data, "\n".join(lines))
