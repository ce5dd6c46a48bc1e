"""One deadline's page: its numbers, its days, its applications, its models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.paginator import Page
from django.utils import formats
from django.utils.translation import gettext as _

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.findings.deadlines.applications import (
    ApplicationProgress,
    RankedApplication,
    application_progress,
    rank_applications,
)
from dashboard.findings.deadlines.summary import BurndownDay, DeadlineSummary, burndown_days, deadline_totals
from dashboard.findings.due_dates import due_before_sunset, entry_due
from dashboard.findings.models import Finding
from dashboard.web.common.deadline_rows import DeadlineRow
from dashboard.web.common.verdicts import day_text

__all__ = ["ApplicationRow", "DeadlinePage", "ModelGroup", "daily_points", "load_deadline"]

BEFORE, AFTER = timedelta(days=400), timedelta(days=60)
"""The most that the burn-down shows before and after the sunset."""


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """One application of the deadline; `finding` is the key of its only finding, None if it has several."""

    progress: ApplicationProgress
    finding: int | None
    findings: int
    fate: str
    """The effect of the sunset on its calls: "broken", or "redirected" where none of them fails."""
    is_past: bool
    due_before_sunset: DueDate | None = None
    """Its own end, where it comes before the deadline's day."""

    @property
    def status(self) -> str:
        """The finding's status; after the sunset, what happens to calls that still arrive."""
        return self.fate if self.is_past and self.progress.remaining > 0 else self.progress.status

    @property
    def verdict(self) -> str:
        """The forecast's verdict; "silent" where the source stopped reporting when the calls ended."""
        verdict = self.progress.forecast.verdict
        return "silent" if verdict == "done" and not self.progress.done else verdict


@dataclass(frozen=True, slots=True)
class ModelGroup:
    """Entries of the deadline with the same kind, effect and replacements."""

    kind: str
    on_sunset: str
    replacements: list[EntryState]
    entries: list[EntryState]

    @property
    def source_urls(self) -> list[str]:
        """The source addresses of their dates, without duplicates."""
        return list(dict.fromkeys(entry.source_url for entry in self.entries if entry.source_url))


@dataclass(frozen=True, slots=True)
class DeadlinePage:
    """Everything on the page. `days` are the points of the burn-down, oldest first.

    `applications` are those on `listed`, a page of all of them: those that still call come first.
    """

    row: DeadlineRow
    listed: Page
    applications: list[ApplicationRow]
    groups: list[ModelGroup]
    days: list[BurndownDay]

    @property
    def summary(self) -> DeadlineSummary:
        return self.row.summary

    @property
    def left(self) -> list[ApplicationRow]:
        return [row for row in self.applications if not row.progress.done]

    @property
    def done(self) -> list[ApplicationRow]:
        return [row for row in self.applications if row.progress.done]

    @property
    def is_past(self) -> bool:
        """Whether calls fail or are redirected: from the sunset day itself on."""
        return self.summary.days_left <= 0

    @property
    def title(self) -> str:
        """Platform and day, as headings name a deadline."""
        return f"{self.row.platform_name}, {day_text(self.summary.sunset_on)}"

    @property
    def failing_label(self) -> str:
        return _("Calls that fail per day") if self.is_past else _("Calls that would fail per day")

    @property
    def failing_note(self) -> str:
        return _("after the sunset") if self.is_past else _("if nothing more is migrated")

    @property
    def days_past(self) -> int:
        return max(-self.summary.days_left, 0)

    @property
    def baseline_note(self) -> str:
        most = formats.number_format(round(self.summary.baseline), force_grouping=True)
        return _("baseline: %(n)s a day") % {"n": most}

    @property
    def done_of(self) -> str:
        return f"{self.summary.applications_done} / {self.summary.applications_total}"

    @property
    def redirected_per_day(self) -> float:
        return max(self.summary.remaining - self.summary.failing_per_day, 0)


def load_deadline(deadline: Deadline, snapshot: Snapshot, page_of: Callable[[Sequence], Page]) -> DeadlinePage:
    """The page of a deadline as known on the snapshot's day; `page_of` chooses which applications it shows."""
    totals = deadline_totals(deadline, snapshot)
    ends = _ends(deadline, snapshot)
    first = min(ends.values(), key=lambda due: due.on, default=None)
    ranked = sorted(rank_applications(deadline, snapshot, totals.measured_from), key=lambda row: row.done)
    listed = page_of(ranked)
    return DeadlinePage(
        row=DeadlineRow(totals, deadline.entries, first),
        listed=listed,
        applications=_application_rows(list(listed.object_list), totals, deadline, snapshot, ends),
        groups=_groups(deadline, snapshot),
        days=_points(deadline, snapshot, totals.measured_from),
    )


def daily_points(deadline: Deadline, snapshot: Snapshot) -> list[BurndownDay]:
    """The days of the burn-down: from where its baseline is measured to the snapshot's day."""
    return _points(deadline, snapshot, deadline_totals(deadline, snapshot).measured_from)


def _points(deadline: Deadline, snapshot: Snapshot, measured_from: date) -> list[BurndownDay]:
    first = max(measured_from, deadline.sunset_on - BEFORE)
    return burndown_days(
        deadline, snapshot, min(first, snapshot.as_of), min(snapshot.as_of, deadline.sunset_on + AFTER)
    )


def _groups(deadline: Deadline, snapshot: Snapshot) -> list[ModelGroup]:
    """Groups by kind, the largest first within one."""
    grouped: dict[tuple, list[EntryState]] = {}
    for entry in deadline.entries:
        grouped.setdefault((entry.kind, entry.on_sunset, entry.replacements), []).append(entry)
    groups = [
        ModelGroup(kind, on_sunset, snapshot.replacements(entries[0]), entries)
        for (kind, on_sunset, _), entries in grouped.items()
    ]
    return sorted(groups, key=lambda group: (group.kind, -len(group.entries), group.entries[0].id))


def _application_rows(
    ranked: Sequence[RankedApplication],
    totals: DeadlineSummary,
    deadline: Deadline,
    snapshot: Snapshot,
    ends: dict[int, DueDate],
) -> list[ApplicationRow]:
    redirected = {entry.pk for entry in deadline.entries if entry.on_sunset == "redirects"}
    findings: dict[int, list[tuple[int, int]]] = {}
    known = Finding.objects.for_entries(entry.pk for entry in deadline.entries)
    known = known.for_applications(application.pk for application in ranked).order_by("pk")
    for application_pk, pk, entry in known.values_list("application", "pk", "entry"):
        findings.setdefault(application_pk, []).append((pk, entry))
    rows = []
    for progress in application_progress(ranked, deadline, snapshot, totals.measured_from):
        own = findings[progress.pk]
        fate = "redirected" if all(entry in redirected for _pk, entry in own) else "broken"
        key = own[0][0] if len(own) == 1 else None
        rows.append(ApplicationRow(progress, key, len(own), fate, totals.days_left <= 0, ends.get(progress.pk)))
    return rows


def _ends(deadline: Deadline, snapshot: Snapshot) -> dict[int, DueDate]:
    """Per application with an end before the deadline's day: the earliest. At most one query."""
    varying = [entry.pk for entry in deadline.entries if entry.pk in snapshot.varying]
    ends: dict[int, DueDate] = {}
    apart = (
        Finding.objects.existing_on(snapshot.as_of, snapshot, varying).alive().due_keys_by_pair()
        if varying
        else {}
    )
    for (application, pk), (_pk, regions, idle) in apart.items():
        entry = snapshot.entries[pk]
        due = due_before_sunset(entry, entry_due(entry, regions, idle))
        if due and (application not in ends or due.on < ends[application].on):
            ends[application] = due
    return ends
