"""What all commands share: `--json`, exit codes, and errors reported in one line instead of a traceback."""

import json
import os
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError
from django.utils import translation

from dashboard.core import clock
from dashboard.core.text import replace_control_characters

__all__ = ["CommandResult", "SundialCommand", "UsageError", "format_table", "parse_day"]


class UsageError(Exception):
    """Bad usage or bad input: its text goes to stderr and the command exits with 2."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command: `data` for programs (`--json`), `text` for people, and the exit code.

    `verbatim` text is the content of a file and is printed unchanged.
    """

    data: Any
    text: str
    exit_code: int = 0
    verbatim: bool = False


class SundialCommand(BaseCommand):
    """A command that implements `run`. Exit 0: done; 1: findings or a failed check; 2: bad usage or input.

    With `--json`, stdout is one JSON document and nothing else: the result's data or `{"error": text}`.
    Progress and errors go to stderr.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_json_option(parser, default=False)

    @staticmethod
    def add_json_option(parser: ArgumentParser, default: bool | str = SUPPRESS) -> None:
        """Add `--json`. Subcommands have it too, without a default that would overwrite the parent's value."""
        parser.add_argument("--json", action="store_true", default=default, help="Print one JSON document only")

    def run(self, **options: Any) -> CommandResult:
        raise NotImplementedError

    def execute(self, *args: Any, **options: Any) -> Any:
        """Run in English, whatever the site's language: commands are read by programs and in tickets."""
        with translation.override("en"):
            return super().execute(*args, **options)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            result = self.run(**options)
        except UsageError as problem:
            self._fail(str(problem), options)
        except (OperationalError, ProgrammingError) as problem:
            if options.get("traceback"):
                raise
            first_line = next(iter(str(problem).splitlines()), "no reason given")
            self._fail(f"The database does not answer: {first_line}. Has `manage.py migrate` run?", options)
        else:
            if result.verbatim and not options["json"]:
                self._print(result.text, ending="")
            else:
                self._print(_printable(_as_json(result.data) if options["json"] else result.text))
            if result.exit_code:
                sys.exit(result.exit_code)

    def _fail(self, message: str, options: dict[str, Any]) -> None:
        if options["json"]:
            self._print(_as_json({"error": message}))
        raise CommandError(_printable(message), returncode=2)

    def _print(self, text: str, ending: str = "\n") -> None:
        try:
            self.stdout.write(text, ending=ending)
            self.stdout.flush()
        except BrokenPipeError:
            # The reader (`| head`) has closed the pipe; without this Python reports it once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parse_day(text: str | None, option: str = "--as-of") -> date | None:
    """The day in `text`; None when there is none. UsageError names the option."""
    if not text:
        return None
    try:
        return clock.parse_day(text)
    except clock.DayError:
        raise UsageError(f"{option} must be a day such as 2024-01-04, not {text!r}") from None


def format_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table: left-aligned columns two spaces apart; None shows as `-`, numbers align right."""
    cells = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in texts) for texts in zip(headers, *cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row[i], int | float | Decimal | None) for row in rows)
        for i in range(len(headers))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in [list(headers), *cells]
    ]
    return "\n".join(lines)


def _as_json(data: Any) -> str:
    return json.dumps(data, indent=2, default=_plain_value)


def _plain_value(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


def _printable(text: str) -> str:
    """`text` without control characters: names come from logs, and a log must not drive a terminal."""
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return replace_control_characters(encodable, "\ufffd", keep="\n\t")
