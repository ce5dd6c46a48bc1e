"""Which columns of a table of calls are looked at, by the formats whose records may come as rows.

A row stands for the JSON object with the same names; so a format's own rules decide what it says.
"""

from collections.abc import Iterable

from dashboard.usage.formats.litellm.daily import ENTITIES, NEEDED
from dashboard.usage.formats.litellm.spendlogs import SpendLog
from dashboard.usage.formats.litellm.standard_logging import StandardLoggingPayload
from dashboard.usage.formats.sundial import SundialLine

__all__ = ["COLUMNS", "column_problem", "select_columns"]

COLUMNS: dict[str, frozenset[str]] = {
    "sundial": frozenset(SundialLine.__struct_fields__),
    "litellm-spendlogs": frozenset(SpendLog.__struct_fields__),
    "litellm-standard-logging": frozenset(StandardLoggingPayload.__struct_fields__),
    "litellm-daily": frozenset(
        {*NEEDED, *ENTITIES, "api_key", "endpoint", "failed_requests", "mcp_namespaced_tool_name", "tag"}
        | {"prompt_tokens", "completion_tokens", "spend", "model_group"}
    ),
}
_wanted = frozenset[str]().union(*COLUMNS.values())
_folded = {name.lower(): name for name in _wanted}


def column_problem(kind: str, format_name: str) -> str:
    """Why a file of this kind cannot be in this format; "" when it can."""
    if kind != "parquet" or format_name in COLUMNS:
        return ""
    return f"is a Parquet file, which is read as {', '.join(COLUMNS)}, not as {format_name}"


def select_columns(names: Iterable[str]) -> dict[str, str]:
    """Of a table's columns those that are looked at, by the name that formats know them by, in its order.

    Warehouses write names in capitals or in small letters; one that is spelt exactly goes first.
    """
    given = list(names)
    exact = {name for name in given if name in _wanted}
    found: dict[str, str] = {}
    for name in given:
        known = name if name in exact else _folded.get(name.lower(), "")
        if known and (name in exact or known not in exact):
            found.setdefault(known, name)
    return found
