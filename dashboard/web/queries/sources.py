"""How sources are doing, in a word that pages show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db.models import QuerySet

from dashboard.usage.health import SourceHealth, newest_rejected, source_health
from dashboard.usage.models import RejectedLine, Source, SourceKind, Stream

__all__ = ["SourceRow", "State", "rejected", "rows", "state_of", "streams"]

State = Literal["reading", "waiting", "silent", "paused", "problem", "imported"]

SILENT_AFTER = 2
"""Days without a record after which a source counts as silent; findings judge by the same."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its state; everything else is in `health`."""

    health: SourceHealth
    state: State

    @property
    def source(self) -> Source:
        return self.health.source


def rows(as_of: date, now: datetime) -> list[SourceRow]:
    """Every source; those that need somebody come first."""
    found = [SourceRow(health, state_of(health)) for health in source_health(as_of, now)]
    urgency = {"problem": 0, "silent": 1}
    return sorted(found, key=lambda row: (urgency.get(row.state, 2), row.source.name.casefold()))


def state_of(health: SourceHealth) -> State:
    """A problem tells more than a pause, a pause more than silence."""
    if health.problem:
        return "problem"
    if health.source.paused:
        return "paused"
    if health.source.kind == SourceKind.IMPORT:
        return "imported"
    if health.silent_days is None:
        return "waiting"
    return "silent" if health.silent_days > SILENT_AFTER else "reading"


def streams(source: Source) -> QuerySet[Stream]:
    """The files of a source, read last first; made for paging."""
    return Stream.objects.filter(source=source).order_by("-read_at", "-pk")


def rejected(source: Source) -> Sequence[RejectedLine]:
    return newest_rejected(source)
