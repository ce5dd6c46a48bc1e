"""The sources page and the page of one source: states, rows, progress."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext

from dashboard.core.text import mask_secrets
from dashboard.usage import health
from dashboard.usage.connectors.base import Connector, Detail, Progress
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.health import SourceActivity, SourceHealth, newest_rejected, reasons
from dashboard.usage.models import RejectedLine, Source, Stream, SyncWindow

__all__ = [
    "STATES",
    "SourceRow",
    "State",
    "Status",
    "checkpoints",
    "get_source_row",
    "list_sources",
    "reasons",
    "rejected_lines",
    "source_rows",
    "state_of",
    "status",
]  # fmt: skip

State = Literal["reading", "waiting", "silent", "paused", "problem", "imported"]
STATES: tuple[State, ...] = ("problem", "silent", "reading", "waiting", "paused", "imported")
"""Those that need attention come first."""

MAX_WAIT_SECONDS = 90
"""For how long a page waits for the poll that somebody asked for."""
NEARLY_ALL = 0.995
"""A share of bytes from which only an unfinished last line may be left."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source with its state and its platform's display name; everything else is in `health`."""

    health: SourceHealth
    state: State
    platform: str

    @property
    def source(self) -> Source:
        return self.health.source

    @property
    def connector(self) -> Connector:
        return connector_for(self.source.kind)

    @property
    def summary(self) -> str:
        """Kind, format and platform, as far as it has them."""
        log_format = self.source.format if self.connector.has_format else ""
        return " · ".join(str(part) for part in (self.connector.label, log_format, self.platform) if part)

    @property
    def details(self) -> list[Detail]:
        details = self.connector.describe(self.source)
        return [detail._replace(values=tuple(map(mask_secrets, detail.values))) for detail in details]

    @property
    def problem_title(self) -> str:
        if self.connector.is_polled:
            return gettext("The last poll ran into a problem.")
        return gettext("The last delivery ran into a problem.")


@dataclass(frozen=True, slots=True)
class Status:
    """What changes while a source is read.

    `poll_label` and `poll_note` describe its last poll or delivery; both are "" for imports. `progress_label` and
    `progress_text` describe `progress`. `lag_hours` are the hours between the newest record, or the end of what is
    complete, and now; None without either. `is_running` while the page should reload soon, `is_asked` while
    somebody waits for a poll.
    """

    progress: Progress | None
    progress_label: str
    progress_text: str
    poll_label: str
    poll_note: str
    lag_hours: int | None
    is_running: bool
    is_asked: bool


def list_sources(as_of: date, now: datetime) -> list[tuple[State, SourceActivity]]:
    """Every source with its state; those that need attention come first, then by name."""
    sources = [(state_of(activity), activity) for activity in health.source_activity(as_of, now)]
    return sorted(sources, key=lambda item: (min(STATES.index(item[0]), 2), item[1].source.name.casefold()))


def source_rows(
    sources: Iterable[tuple[State, SourceActivity]], as_of: date, platform_names: Mapping[str, str]
) -> list[SourceRow]:
    """The rows of one page of `list_sources`; `platform_names` has display names by slug."""
    shown = list(sources)
    details = health.add_details([activity for _, activity in shown], as_of)
    return [
        SourceRow(item, state, platform_names.get(item.source.platform, item.source.platform))
        for (state, _), item in zip(shown, details, strict=True)
    ]


def get_source_row(slug: str, as_of: date, now: datetime, platform_names: Mapping[str, str]) -> SourceRow | None:
    """One source for its own page."""
    sources = [(state_of(activity), activity) for activity in health.source_activity(as_of, now, slug)]
    return next(iter(source_rows(sources, as_of, platform_names)), None)


def state_of(activity: SourceActivity) -> State:
    """A problem comes before a pause, and a pause before silence."""
    if activity.problem:
        return "problem"
    if activity.source.paused:
        return "paused"
    if connector_for(activity.source.kind).is_complete:
        return "imported"
    if activity.silent_days is None:
        return "waiting"
    return "silent" if activity.is_silent else "reading"


def status(row: SourceRow, now: datetime, asked_at: int = 0) -> Status:
    """How far a source is read at `now`; `asked_at` is when somebody asked for a poll, in seconds since 1970."""
    source, connector = row.source, row.connector
    progress = connector.progress(source, now)
    if progress and progress.unit == "bytes" and (progress.share or 0) > NEARLY_ALL:
        progress = None  # nothing to wait for
    polled_at = source.polled_at.timestamp() if source.polled_at else 0
    is_asked = polled_at < asked_at and now.timestamp() - asked_at < MAX_WAIT_SECONDS
    is_filling = bool(progress and not progress.is_complete and connector.has_history)
    is_reading = is_filling and not source.paused and not source.problem
    newest = (progress and progress.complete_until) or row.health.newest_hour
    label, text = _progress_text(progress)
    return Status(
        progress=progress,
        progress_label=label,
        progress_text=text,
        poll_label=_poll_label(connector),
        poll_note=_poll_note(row, is_asked=is_asked),
        lag_hours=max(0, int((now - newest).total_seconds()) // 3600) if newest else None,
        is_running=is_asked or is_reading,
        is_asked=is_asked,
    )


def _poll_label(connector: Connector) -> str:
    if connector.is_complete:
        return ""
    return gettext("Last poll") if connector.is_polled else gettext("Last delivery")


def _poll_note(row: SourceRow, *, is_asked: bool) -> str:
    if row.connector.is_complete:
        return ""
    if row.source.paused:
        return gettext("paused")
    if not row.connector.is_polled:
        on = row.health.polled_at
        return gettext("of %(on)s UTC") % {"on": f"{on:%Y-%m-%d}"} if on else ""
    if is_asked:
        return gettext("a worker is reading it")
    at = row.health.next_poll_at
    return gettext("next at %(at)s") % {"at": f"{at:%H:%M:%S}"} if at else ""


def _progress_text(progress: Progress | None) -> tuple[str, str]:
    """The label of a progress bar, and what it says beside its share."""
    if progress is None or progress.share is None:
        return "", ""
    if progress.unit == "bytes":
        sizes = {"done": filesizeformat(progress.done), "total": filesizeformat(progress.total or 0)}
        return gettext("Bytes read"), gettext("%(done)s of %(total)s") % sizes
    if progress.unit == "objects":
        numbers = {"done": f"{progress.done:,}", "total": f"{progress.total or 0:,}"}
        return gettext("Objects read"), gettext("%(done)s of %(total)s objects") % numbers
    span = {
        "first": f"{progress.complete_from:%Y-%m-%d %H:%M}",
        "last": f"{progress.complete_until:%Y-%m-%d %H:%M}",
        "on": f"{progress.started_on:%Y-%m-%d}",
    }
    if progress.is_complete:
        return gettext("History"), gettext("complete from %(first)s to %(last)s") % span
    return gettext("History"), gettext("complete from %(first)s to %(last)s, wanted from %(on)s on") % span


def checkpoints(source: Source) -> QuerySet[Stream] | QuerySet[SyncWindow]:
    """The files, prefixes, tables or endpoints of a source, read last first; made for paging."""
    model = SyncWindow if connector_for(source.kind).stores_window else Stream
    return model._default_manager.filter(source=source).order_by("-read_at", "-pk")


def rejected_lines(source: Source) -> Sequence[RejectedLine]:
    return newest_rejected(source)
