"""What a name in a log means: (platform hint, name as called, endpoint, deployment map) -> entry.

Pure, cached per distinct name by its callers. Names are never guessed by prefix or similarity.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

__all__ = ["Match", "NameIndex", "resolve"]


@dataclass(frozen=True, slots=True)
class Match:
    """`entry` is None when unresolved; `platform` and `model` are then the best that the name itself says."""

    entry: int | None
    platform: str
    model: str
    how: str


class NameIndex:
    """Ids and aliases of the catalog, ready for look-up."""

    def __init__(
        self,
        entries: Iterable[tuple[str, str, int]],
        aliases: Iterable[tuple[str, str, date | None, date | None, int]] = (),
        case_insensitive: Iterable[str] = (),
    ) -> None:
        self.exact = {(platform, name): pk for platform, name, pk in entries}


def resolve(
    called_as: str,
    platform: str,
    endpoint: str,
    index: NameIndex,
    *,
    on: date,
    deployments: Mapping[str, str] = {},
) -> Match:
    """Resolve one name as called on a day."""
    pk = index.exact.get((platform, called_as))
    return Match(pk, platform or "(unknown)", called_as or "(unknown)", "exact" if pk else "unresolved")
