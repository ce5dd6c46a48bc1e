"""One catalog entry as its page shows it."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.catalog.lifecycle import EntryState, Step
from dashboard.catalog.models import Alias, Entry
from dashboard.catalog.names.resolve import Suggestion, suggest
from dashboard.catalog.snapshot import Deadline, Snapshot
from dashboard.charts.card import ChartCard
from dashboard.findings.models import Finding
from dashboard.usage.models import Application
from dashboard.web.catalog.revisions import RevisionRow, revision_rows
from dashboard.web.common import call_series, calls
from dashboard.web.common.finding_rows import shown_status
from dashboard.web.common.guide_links import Guide, guide_for
from dashboard.web.common.traffic_charts import calls_chart, entry_markers

__all__ = ["CallerRow", "ModelPage", "close_names", "load_model"]

CALLERS = 200


@dataclass(frozen=True, slots=True)
class CallerRow:
    """An application that called the entry in the last 90 days; `status` as findings show it, "" without one."""

    application: Application
    calls_7d: int | None
    last_on: date
    finding: Finding | None
    status: str = ""


@dataclass(frozen=True, slots=True)
class ModelPage:
    """Everything on an entry's page."""

    entry: EntryState
    row: Entry
    replacements: list[EntryState]
    milestones: list[Step]
    """Milestones in the order of their days."""
    revisions: list[RevisionRow]
    aliases: list[Alias]
    """Those valid on the day or before it."""
    deadline: Deadline | None
    elsewhere: list[EntryState]
    """The same id on other platforms."""
    callers: list[CallerRow]
    more_callers: int
    chart: ChartCard | None
    guide: Guide | None

    @property
    def calls_7d(self) -> int | None:
        reported = [caller.calls_7d for caller in self.callers if caller.calls_7d is not None]
        return sum(reported) if reported or not self.callers else None

    @property
    def doubtful_replacements(self) -> list[EntryState]:
        """Replacements that have an end themselves."""
        return [entry for entry in self.replacements if entry.is_retiring]

    @property
    def sunset_changes(self) -> int:
        """The number of changes of its sunset date after the first announcement."""
        return sum(
            c.about == "sunset" and c.old is not None for revision in self.revisions for c in revision.changes
        )


def load_model(entry: EntryState, snapshot: Snapshot, today: date) -> ModelPage:
    """The page of `entry` as of the snapshot's day."""
    row = Entry.objects.select_related("platform", "vendor").get(pk=entry.pk)
    rows, totals = calls.entry_callers(entry.pk, snapshot.as_of, call_series.chart_days(snapshot.as_of)[0])
    callers, more = _callers(entry, snapshot, rows)
    return ModelPage(
        entry=entry,
        row=row,
        replacements=snapshot.replacements(entry),
        milestones=sorted((s for s in entry.steps if s.on), key=lambda s: (s.on or date.max, s.kind, s.region)),
        revisions=revision_rows(row, snapshot.as_of),
        aliases=list(row.aliases.filter(Q(from_on=None) | Q(from_on__lte=snapshot.as_of))[:50]),
        deadline=snapshot.deadline_of(entry),
        elsewhere=[e for e in snapshot if e.id.casefold() == entry.id.casefold() and e.pk != entry.pk],
        callers=callers,
        more_callers=more,
        chart=_chart(entry, totals, today),
        guide=guide_for(entry.kind, entry.id),
    )


def close_names(platform: str, name: str, snapshot: Snapshot) -> list[Suggestion]:
    """Entries with an id similar to an unknown one, of the same platform first."""
    here = suggest(name, platform, snapshot.names, 5)
    return here or suggest(name, "", snapshot.names, 5)


def _callers(entry: EntryState, snapshot: Snapshot, rows: list[dict]) -> tuple[list[CallerRow], int]:
    as_of = snapshot.as_of
    shown = rows[:CALLERS]
    applications = Application.objects.in_bulk([row["application"] for row in shown])
    queryset = Finding.objects.as_of(as_of, snapshot, [entry.pk])
    findings = {f.application_id: f for f in queryset.filter(application__in=applications)}
    return [
        CallerRow(
            applications[row["application"]],
            row["calls_7d"],
            row["last_on"],
            finding := findings.get(row["application"]),
            shown_status(finding, snapshot) if finding else "",
        )
        for row in shown
    ], len(rows) - len(shown)


def _chart(entry: EntryState, totals: dict[int, int | None], today: date) -> ChartCard | None:
    stack = call_series.calls_by_application(entry.pk, entry.as_of, totals)
    keys = [part.key for part in stack.parts if part.key is not None]
    names = dict(Application.objects.filter(pk__in=keys).values_list("pk", "name"))
    others = ngettext("%(n)s other", "%(n)s others", stack.others) % {"n": stack.others}
    return calls_chart(
        stack,
        chart_id="calls",
        title=_("Calls per day, last 90 days"),
        summary=_("Calls per day to %(entry)s, by application.") % {"entry": entry.id},
        name=lambda key: names.get(key, "?"),
        rest=others,
        today=today,
        markers=entry_markers(entry, stack.days[0]),
    )
