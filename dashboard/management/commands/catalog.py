"""`catalog import | export | sync`: the catalog in and out of files."""

import dataclasses
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import files, queries, snapshot
from dashboard.catalog.documents import CatalogError
from dashboard.catalog.edit import ImportResult
from dashboard.findings import scan
from dashboard.kit import clock
from dashboard.management.base import Answer, SundialCommand, UsageError

FEEDS: tuple[str, ...] = ()
"""Feeds that can be synchronised; what Sundial ships needs none."""


class Command(SundialCommand):
    help = "Bring the catalog in from a file, write it to one, or bring it up to date with what Sundial ships"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        actions = parser.add_subparsers(dest="action", required=True, metavar="import | export | sync")

        bring = actions.add_parser("import", help="Add what a file says; nothing is removed")
        bring.add_argument("file")
        bring.add_argument("--dry-run", action="store_true", help="Show what would change and store nothing")

        write = actions.add_parser("export", help="Write the whole catalog; the suffix tells the format")
        write.add_argument("file", nargs="?", help="Standard output when left out")
        write.add_argument("--format", choices=["yaml", "json", "csv"], help="Overrides the suffix; default yaml")

        sync = actions.add_parser("sync", help="Compare with the shipped catalog, or with a feed")
        sync.add_argument("feed", nargs="?")
        sync.add_argument("--from", dest="source", metavar="FILE", help="A saved copy of the feed")
        for action in (bring, write, sync):
            self.add_json_option(action)

    def answer(self, **options: Any) -> Answer:
        if options["action"] == "import":
            return self._import(options["file"], dry_run=options["dry_run"])
        if options["action"] == "export":
            return self._export(options["file"], options["format"], as_json=options["json"])
        return self._sync(options["feed"], options["source"])

    def _import(self, file: str, *, dry_run: bool) -> Answer:
        try:
            result = files.import_file(Path(file), now=clock.now(), origin="command", dry_run=dry_run)
        except CatalogError as problem:
            raise UsageError(str(problem)) from None
        except OSError as problem:
            raise UsageError(f"{file}: {problem.strerror or problem}") from None
        return self._told(result)

    def _export(self, file: str | None, form: str | None, *, as_json: bool) -> Answer:
        if not file and as_json:
            return Answer(queries.export(clock.today()), "")
        suffix = f".{form}" if form else Path(file).suffix if file else ".yaml"
        try:
            text = files.export_text(suffix, clock.today())
        except ValueError as problem:
            raise UsageError(f"{file}: {problem}") from None
        if not file:
            return Answer(None, text, verbatim=True)
        try:
            Path(file).write_text(text, encoding="utf-8", newline="")
        except OSError as problem:
            raise UsageError(f"{file}: {problem.strerror or problem}") from None
        count = len(snapshot.load(clock.today()).entries)
        return Answer({"file": file, "entries": count}, f"{count} entries written to {file}")

    def _sync(self, feed: str | None, source: str | None) -> Answer:
        if feed not in {None, *FEEDS}:
            raise UsageError(f"no feed {feed!r} is configured; without a name, the shipped catalog is compared")
        if source:
            raise UsageError("--from needs the name of a feed")
        try:
            result = files.load_shipped(clock.now(), again=True)
        except CatalogError as problem:
            raise UsageError(str(problem)) from None
        return self._told(result)

    def _told(self, result: ImportResult) -> Answer:
        """What changed, after findings have followed."""
        if result.changed and not result.dry_run:
            scan.run(clock.now(), clock.today())
        return _summary(result)


def _summary(result: ImportResult) -> Answer:
    data = dataclasses.asdict(result)
    lines = [*result.changes, *(f"note: {warning}" for warning in result.warnings)]
    counts = (
        f"{result.entries_added} entries added, {result.entries_changed} changed, "
        f"{result.revisions} revisions and {result.aliases} aliases added or changed"
    )
    if not result.changed:
        counts = "nothing to change"
    lines.append(f"{counts} (dry run: nothing was stored)" if result.dry_run else counts)
    return Answer(data, "\n".join(lines))
