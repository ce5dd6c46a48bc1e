"""`resolve NAME...`: what a name in a log means, and what becomes of it."""

from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import snapshot as snapshots
from dashboard.catalog.documents import entry_reference
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.names.resolve import Match, Suggestion, resolve, suggest
from dashboard.catalog.serializers import replacement_ids
from dashboard.catalog.snapshot import Snapshot
from dashboard.core import clock
from dashboard.management.base import CommandResult, SundialCommand, format_table, parse_day


class Command(SundialCommand):
    help = "Show what names in a log resolve to: the catalog entry, its sunset and its replacements"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("names", nargs="+", metavar="NAME")
        parser.add_argument("--platform", default="", help="Where it was called, such as openai or aws-bedrock")
        parser.add_argument("--as-of", metavar="DAY", help="As known on that day; default today")

    def run(self, **options: Any) -> CommandResult:
        day = parse_day(options["as_of"]) or clock.today()
        snapshot = snapshots.load(day)
        rows = [_row(name, options["platform"], snapshot) for name in options["names"]]
        return CommandResult([row for row, _state in rows], _table(rows))


def _row(name: str, platform: str, snapshot: Snapshot) -> tuple[dict[str, Any], EntryState | None]:
    match = resolve(name, platform, "", snapshot.names, on=snapshot.as_of)
    state = snapshot.entries[match.entry] if match.entry else None
    row = {
        "called_as": name,
        "platform": state.platform if state else None,
        "entry": state.id if state else None,
        "how": match.how,
        "stage": state.stage if state else None,
        "sunset_date": state.sunset_on if state else None,
        "days_left": state.days_left if state else None,
        "replacements": replacement_ids(state, snapshot) if state else [],
        "on_sunset": (state.on_sunset or None) if state else None,
        "suggestions": [] if state else _suggestions(match, name, platform, snapshot),
    }
    return row, state


def _suggestions(match: Match, name: str, platform: str, snapshot: Snapshot) -> list[str]:
    close: list[Suggestion] = suggest(name, platform, snapshot.names)
    return [entry_reference((s.platform, s.id), match.platform) for s in close]


def _sunset(state: EntryState | None) -> str | None:
    """The date with its precision."""
    if not state or not state.sunset_on:
        return None
    formats = {"not_before": "not before {}", "month": "in the month of {}", "tentative": "{}, tentative"}
    return formats.get(state.sunset_precision, "{}").format(state.sunset_on)


def _table(rows: list[tuple[dict[str, Any], EntryState | None]]) -> str:
    text = format_table(
        ("called as", "entry", "how", "stage", "sunset", "days left", "replacements"),
        [
            (
                row["called_as"],
                state.key + (" (unverified)" if state.unverified else "") if state else None,
                row["how"],
                row["stage"],
                _sunset(state),
                row["days_left"],
                ", ".join(row["replacements"]) or None,
            )
            for row, state in rows
        ],
    )
    hints = [
        f"{row['called_as']} is not in the catalog; close names: {', '.join(row['suggestions'])}"
        for row, _state in rows
        if row["suggestions"]
    ]
    return "\n".join([text, *hints])
