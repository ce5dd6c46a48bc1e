"""Reading the fields of a catalog file by name and type, collecting every problem with its position.

Pure.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from dashboard.catalog.documents import FilePosition, Problem
from dashboard.catalog.files.yaml_json import Node
from dashboard.catalog.messages import Message
from dashboard.core.text import has_control_characters

__all__ = ["FIRST_YEAR", "LAST_YEAR", "SLUG", "FieldReader", "ProblemReport"]

FIRST_YEAR, LAST_YEAR = 2000, 2199
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}")
URL = re.compile(r"https?://[^\s<>\"]+")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class ProblemReport:
    """Collects the problems of one file, and reads scalars."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def place(self, node: Node, path: str) -> FilePosition:
        return FilePosition(self.file, node.line, path)

    def problem(self, node: Node, path: str, code: str, **params: Any) -> None:
        self.problems.append(Problem(self.place(node, path), Message(code, **params)))

    def text(self, node: Node, path: str, limit: int, *, lines: bool = False) -> str:
        """A text without control characters (line breaks only with `lines`); "" when it is wrong."""
        text = node.value
        if not isinstance(text, str):
            wrong = "not_text"
        elif has_control_characters(text, keep="\t\n" if lines else ""):
            wrong = "control_character"
        elif len(text) > limit:
            wrong = "too_long"
        elif text != text.strip():
            wrong = "blank_around"
        else:
            return text
        self.problem(node, path, wrong, **({"n": limit} if wrong == "too_long" else {}))
        return ""

    def day(self, node: Node, path: str) -> date | None:
        """A day in a year that the catalog accepts; None if it is invalid."""
        try:
            day = date.fromisoformat(node.value) if DAY.fullmatch(node.value) else None
        except (TypeError, ValueError):
            day = None
        if day is None:
            self.problem(node, path, "not_day", text=repr(str(node.value)[:40]))
        elif not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.problem(node, path, "year", first=FIRST_YEAR, last=LAST_YEAR)
        else:
            return day
        return None


class FieldReader:
    """The fields of one mapping, taken out by name and type; every problem goes to the report."""

    def __init__(self, report: ProblemReport, node: Node, path: str, known: Iterable[str]) -> None:
        self.report, self.node, self.path = report, node, path
        self.values: dict[str, Node] = node.value if isinstance(node.value, dict) else {}
        if not isinstance(node.value, dict):
            report.problem(node, path, "not_mapping")
        for name in self.values.keys() - set(known):
            self.problem(name, "unknown_field", names=", ".join(known))

    def name(self, field: str) -> str:
        return f"{self.path}.{field}" if self.path else field

    def problem(self, field: str, code: str, **params: Any) -> None:
        self.report.problem(self.values.get(field, self.node), self.name(field), code, **params)

    def text(self, field: str, limit: int, *, required: bool = False, lines: bool = False) -> str:
        node = self.values.get(field)
        if node is None or node.value is None or node.value == "":
            if required:
                self.problem(field, "missing")
            return ""
        return self.report.text(node, self.name(field), limit, lines=lines)

    def url(self, field: str, *, required: bool = False) -> str:
        text = self.text(field, 500, required=required)
        if text and not URL.fullmatch(text):
            self.problem(field, "not_url", text=repr(text[:80]))
        return text

    def slug(self, field: str, *, required: bool = False) -> str:
        text = self.text(field, 60, required=required)
        if text and not SLUG.fullmatch(text):
            self.problem(field, "not_slug", text=repr(text))
        return text

    def choice(self, field: str, choices: Iterable[str], default: str) -> str:
        text = self.text(field, 40)
        if text and text not in choices:
            self.problem(field, "not_choice", words=", ".join(choices), text=repr(text))
        return text or default

    def day(self, field: str, *, required: bool = False) -> date | None:
        node = self.values.get(field)
        if node is None or node.value in {None, ""}:
            if required:
                self.problem(field, "missing")
            return None
        return self.report.day(node, self.name(field))

    def truth(self, field: str, *, default: bool) -> bool:
        text = self.text(field, 10).lower()
        if text not in {"", "true", "false", "yes", "no"}:
            self.problem(field, "not_boolean", text=repr(text))
        return text in {"true", "yes"} if text else default

    def items(self, field: str) -> list[tuple[Node, str]]:
        """(node, path) of each item of a list; nothing when the field is absent."""
        node = self.values.get(field)
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            self.problem(field, "not_list")
            return []
        return [(item, f"{self.name(field)}[{i}]") for i, item in enumerate(node.value)]
