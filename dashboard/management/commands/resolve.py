"""`resolve NAME...`: what a name in a log means, and what becomes of it."""

from typing import Any

from django.core.management.base import CommandParser

from dashboard.catalog import snapshot as snapshots
from dashboard.catalog.names import Match, Suggestion, resolve, suggest
from dashboard.catalog.queries import replacement_ids
from dashboard.catalog.rules import shown
from dashboard.catalog.snapshot import Snapshot
from dashboard.kit import clock
from dashboard.management.base import Answer, SundialCommand, columns, parse_day


class Command(SundialCommand):
    help = "Say what names in a log mean: the catalog entry, its sunset and what replaces it"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("names", nargs="+", metavar="NAME")
        parser.add_argument("--platform", default="", help="Where it was called, such as openai or aws-bedrock")
        parser.add_argument("--as-of", metavar="DAY", help="As known on that day; default today")

    def answer(self, **options: Any) -> Answer:
        day = parse_day(options["as_of"]) or clock.today()
        snapshot = snapshots.load(day)
        rows = [_row(name, options["platform"], snapshot) for name in options["names"]]
        return Answer(rows, _table(rows))


def _row(name: str, platform: str, snapshot: Snapshot) -> dict[str, Any]:
    match = resolve(name, platform, "", snapshot.names, on=snapshot.as_of)
    state = snapshot.entries[match.entry] if match.entry else None
    return {
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


def _suggestions(match: Match, name: str, platform: str, snapshot: Snapshot) -> list[str]:
    close: list[Suggestion] = suggest(name, platform, snapshot.names)
    return [shown((s.platform, s.id), match.platform) for s in close]


def _table(rows: list[dict[str, Any]]) -> str:
    text = columns(
        ("called as", "entry", "how", "stage", "sunset", "days left", "replacements"),
        [
            (
                row["called_as"],
                f"{row['platform']}/{row['entry']}" if row["entry"] else None,
                row["how"],
                row["stage"],
                row["sunset_date"],
                row["days_left"],
                ", ".join(row["replacements"]) or None,
            )
            for row in rows
        ],
    )
    hints = [
        f"{row['called_as']} is not in the catalog; close names: {', '.join(row['suggestions'])}"
        for row in rows
        if row["suggestions"]
    ]
    return "\n".join([text, *hints])
