"""Which application rule matches an identity. Pure."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from dashboard.usage.records import Caller

__all__ = ["Rule", "application_slug", "first_match", "matches"]


class Rule(NamedTuple):
    """`field` is a column of Caller, or `tag` for any one of its tags; `pattern` may contain * and ?."""

    field: str
    pattern: str
    application: int


@lru_cache(maxsize=2000)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Square brackets are literal: names contain them, and users do not expect character sets.
    return re.compile(translate(pattern.replace("[", "[[]")), re.IGNORECASE)


def matches(rule: Rule, caller: Caller) -> bool:
    """Whether the field has a value that the whole pattern fits; case does not matter."""
    values: Sequence[str]
    if rule.field == "tag":
        values = caller.tags.split(",")
    else:
        values = [getattr(caller, rule.field)]
    return any(value and _compiled(rule.pattern).match(value) for value in values)


def first_match(rules: Iterable[Rule], caller: Caller) -> int | None:
    """The application of the first rule that matches; None when none does, or the gateway calls itself."""
    if caller.internal:
        return None
    return next((rule.application for rule in rules if matches(rule, caller)), None)


def application_slug(name: str) -> str:
    """A slug for a consumer's name: the same for names that differ only in case, spaces or punctuation."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(plain) <= 90 and (plain and name.isascii()):
        return plain
    digest = blake2b(name.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return f"{plain[:80].strip('-') or 'app'}-{digest}"
