"""The list of catalog entries, as known on a day, with who calls them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Alias
from dashboard.catalog.names.resolve import resolve
from dashboard.catalog.snapshot import Snapshot
from dashboard.web.common.calls import EntryUsage

__all__ = ["ModelListQuery", "ModelRow", "list_entries", "model_rows"]

SHOWN_REPLACEMENTS = 3


@dataclass(frozen=True, slots=True)
class ModelListQuery:
    """Filters of the list; empty values match everything. `called`: only entries called in the last 30 days."""

    text: str = ""
    platform: str = ""
    kind: str = ""
    stage: str = ""
    called: bool = False
    sort: str = "sunset"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One line of the list."""

    entry: EntryState
    usage: EntryUsage
    replacements: list[EntryState]

    @property
    def first_replacements(self) -> list[EntryState]:
        return self.replacements[:SHOWN_REPLACEMENTS]

    @property
    def has_more_replacements(self) -> bool:
        return len(self.replacements) > SHOWN_REPLACEMENTS


def list_entries(list_query: ModelListQuery, snapshot: Snapshot, used: dict[int, EntryUsage]) -> list[EntryState]:
    """The entries that match the query, in its order."""
    named = _named(list_query.text, snapshot)
    entries = [
        entry
        for entry in snapshot.entries.values()
        if (entry.is_known or entry.pk in used)
        and (not list_query.platform or entry.platform == list_query.platform)
        and (not list_query.kind or entry.kind == list_query.kind)
        and (not list_query.stage or entry.stage == list_query.stage)
        and (not list_query.called or entry.pk in used)
        and (named is None or entry.pk in named)
    ]
    if list_query.sort == "calls":
        return sorted(entries, key=lambda e: (-_calls(used, e), e.platform, e.id))
    if list_query.sort == "id":
        return sorted(entries, key=lambda e: (e.id.casefold(), e.platform))
    return sorted(entries, key=lambda e: (*_soonest(e), -_calls(used, e), e.platform, e.id))


def model_rows(
    entries: Iterable[EntryState], snapshot: Snapshot, used: dict[int, EntryUsage]
) -> Iterator[ModelRow]:
    for entry in entries:
        yield ModelRow(entry, used.get(entry.pk, EntryUsage()), snapshot.replacements(entry))


def _named(text: str, snapshot: Snapshot) -> set[int] | None:
    """Entries whose id or alias contains `text`, and the entry that it resolves to. None without a text."""
    text = text.strip()
    if not text:
        return None
    folded = text.casefold()
    named = {entry.pk for entry in snapshot if folded in entry.key.casefold()}
    named |= set(Alias.objects.filter(name__icontains=text).values_list("entry", flat=True))
    match = resolve(text, "", "", snapshot.names, on=snapshot.as_of)
    return named | ({match.entry} if match.entry else set())


def _calls(used: dict[int, EntryUsage], entry: EntryState) -> int:
    return (used[entry.pk].calls_7d or 0) if entry.pk in used else -1


def _soonest(entry: EntryState) -> tuple[int, int]:
    """A sort key: future dates first, soonest on top; then past dates, latest on top; then no date."""
    left = entry.days_left
    if left is None:
        return 2, 0
    return (0, left) if left >= 0 else (1, -left)
