"""CSV that a spreadsheet opens without running anything (OWASP: CSV injection). Pure."""

from datetime import date
from typing import Any

__all__ = ["FORMULA_STARTS", "guard_formula", "safe_cell", "unguard_formula"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet takes a cell that starts so, blanks aside, for a formula."""


def guard_formula(text: str) -> str:
    """The text, led by an apostrophe where a spreadsheet would run it as a formula.

    A text that already begins with an apostrophe gets another one, so that `unguard_formula` is exact. Only files
    that Sundial reads again (the catalog's CSV) are un-guarded.
    """
    return f"'{text}" if text.startswith("'") or text.lstrip(" ").startswith(FORMULA_STARTS) else text


def unguard_formula(text: str) -> str:
    """The text that `guard_formula` was given."""
    return text.removeprefix("'")


def safe_cell(value: Any) -> Any:
    """A value as a cell: None is empty, a day ISO 8601, numbers themselves, text guarded."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | int | float):
        return value
    return guard_formula(str(value))
