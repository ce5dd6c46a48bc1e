"""Who calls, from the free labels that people attach to calls (metadata, properties, tags).

Only labels whose names say what they are count: anything else may be a request id, and a name that is
new on every call says nothing about who calls.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from dashboard.usage.records import clean

__all__ = ["Labels", "decode_labels", "read_labels"]

APPLICATION = (
    "app",
    "application",
    "appid",
    "appname",
    "applicationid",
    "applicationname",
    "service",
    "servicename",
)
TEAM = ("team", "teamname", "teamid", "squad")
TAGS = ("environment", "env", "stage", "project", "product", "component", "costcenter", "feature", "deployment")
MAX_LABELS = 200  # labels looked at

_punctuation = re.compile(r"[\s_.-]+")
_any = msgspec.json.Decoder()


class Labels(NamedTuple):
    """What labels say about the caller, "" for nothing. `tags` are `name:value`, sorted and joined by commas."""

    application: str = ""
    team: str = ""
    tags: str = ""

    @property
    def consumer(self) -> str:
        return self.application or self.team


def read_labels(pairs: Mapping[str, Any]) -> Labels:
    """Read labels by name, without regard to case and punctuation (`X-App-Id` is `app_id`)."""
    known: dict[str, str] = {}
    for name, value in list(pairs.items())[:MAX_LABELS]:
        if isinstance(value, str | int) and not isinstance(value, bool):
            plain = _punctuation.sub("", str(name)[:60].lower().removeprefix("x-"))
            known.setdefault(plain, clean(value, 200))
    tags = sorted(f"{name}:{known[name][:100]}" for name in TAGS if known.get(name))
    return Labels(_first(known, APPLICATION), _first(known, TEAM), clean(",".join(tags), 500))


def decode_labels(raw: bytes) -> Labels:
    """The same from raw JSON: an object, or a string that holds one. Anything else has no labels."""
    try:
        value = _any.decode(raw) if raw else None
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = _any.decode(value)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return Labels()
    return read_labels(value) if isinstance(value, dict) else Labels()


def _first(known: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((known[name] for name in names if known.get(name)), "")
