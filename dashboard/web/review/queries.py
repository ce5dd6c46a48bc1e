"""Proposed changes as an editor reads them: what was, what would be, and who would feel it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from dashboard.catalog.choices import Difference, ProposalState
from dashboard.catalog.feeds.diff import ALIASES, ENTRY, REPLACEMENTS
from dashboard.catalog.models import ProposedChange
from dashboard.findings.models import Resolution, Traffic
from dashboard.findings.name_resolution import with_resolution
from dashboard.usage.models import DailyRollup
from dashboard.web.common.calls import week

__all__ = [
    "Affected",
    "Group",
    "ProposalRow",
    "Side",
    "Step",
    "Wanted",
    "choices",
    "find",
    "groups",
]


MOST_NEW = 500
"""New entries whose names are looked for among the uncatalogued ones when a list is put in order."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; empty values ask for everything."""

    text: str = ""
    platform: str = ""
    feed: str = ""
    change: str = ""
    called: bool = False
    """Only what somebody calls."""


@dataclass(frozen=True, slots=True)
class Step:
    """A dated step; `on` None says that there is no date."""

    kind: str
    on: date | None
    precision: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change. Nothing at all: nobody has said anything yet."""

    steps: tuple[Step, ...] = ()
    ids: tuple[str, ...] | None = None
    kind: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.steps and self.ids is None and not self.kind


@dataclass(frozen=True, slots=True)
class Affected:
    """Calls per day and applications of the last 7 days; calls are None where no source counts them."""

    applications: int = 0
    calls_per_day: float | None = 0


@dataclass(frozen=True, slots=True)
class ProposalRow:
    proposal: ProposedChange
    old: Side
    new: Side
    affected: Affected

    @property
    def shift(self) -> int | None:
        """By how many days a date moves, later counting up; None where no date moves."""
        before = self.old.steps[0].on if self.old.steps else None
        after = self.new.steps[0].on if len(self.new.steps) == 1 else None
        return (after - before).days if before and after and before != after else None


@dataclass(slots=True)
class Group:
    """The rows of one platform, as they stand on the page."""

    slug: str
    title: str
    rows: list[ProposalRow] = field(default_factory=list)


def find(wanted: Wanted, as_of: date, today: date) -> QuerySet[ProposedChange]:
    """What waited at the end of `as_of`; for today, what waits now. Made for paging.

    What is called comes first, the most calls of the last 7 days on top; the rest by platform and id.
    """
    found = ProposedChange.objects.select_related("platform", "entry__platform")
    if as_of == today:
        found = found.filter(state=ProposalState.PENDING)
    else:
        end = datetime.combine(as_of + timedelta(days=1), time.min, UTC)
        found = found.filter(first_seen_at__lt=end).filter(Q(state=ProposalState.PENDING) | Q(decided_at__gte=end))
    if wanted.platform:
        found = found.filter(platform__slug=wanted.platform)
    if wanted.feed:
        found = found.filter(feed=wanted.feed)
    if wanted.change:
        found = found.filter(change=wanted.change)
    if text := wanted.text.strip():
        found = found.filter(name__icontains=text)
    listed = _with_calls(found, as_of)
    if wanted.called:
        listed = listed.filter(callers__gt=0)
    return listed.order_by(
        Case(When(callers__gt=0, then=0), default=1),
        F("called").desc(nulls_last=True),
        F("callers").desc(),
        *("platform__slug", "name", "field", "region", "feed", "pk"),
    )


def _with_calls(found: QuerySet[ProposedChange], as_of: date) -> QuerySet[Any]:
    """`callers` and `called`: applications, and calls where they are counted, of the last 7 days."""
    new = list(found.filter(entry=None).order_by("pk").select_related("platform")[:MOST_NEW])
    unknown = _uncatalogued(new, as_of)
    told = {
        row.pk: unknown[row.platform.slug, row.name] for row in new if (row.platform.slug, row.name) in unknown
    }
    traffic = Traffic.objects.filter(entry=OuterRef("entry"), day__range=week(as_of)).order_by().values("entry")
    callers = Subquery(traffic.annotate(n=Count("application", distinct=True)).values("n"))
    called = Subquery(traffic.annotate(n=Sum("calls")).values("n"))
    known = {pk: round(affected.calls_per_day * 7) for pk, affected in told.items() if affected.calls_per_day}
    return found.annotate(
        callers=Case(
            *(When(pk=pk, then=Value(affected.applications)) for pk, affected in told.items()),
            default=Coalesce(callers, 0),
            output_field=IntegerField(),
        ),
        called=Case(
            *(When(pk=pk, then=Value(calls)) for pk, calls in known.items()),
            default=called,
            output_field=IntegerField(),
        ),
    )


def choices() -> dict[str, list[tuple[str, Any]]]:
    """Platforms, feeds and kinds of change that wait, for filters."""
    waiting = ProposedChange.objects.filter(state=ProposalState.PENDING).order_by()
    rows = set(waiting.values_list("platform__slug", "feed", "change").distinct())
    return {
        "platform": [(slug, slug) for slug in sorted({row[0] for row in rows})],
        "feed": [(feed, feed) for feed in sorted({row[1] for row in rows})],
        "change": [choice for choice in Difference.choices if choice[0] in {row[2] for row in rows}],
    }


def groups(proposals: Iterable[ProposedChange], as_of: date) -> list[Group]:
    """The lines of one page, by platform."""
    listed = list(proposals)
    called, unknown = _affected(listed, as_of), _uncatalogued(listed, as_of)
    found: dict[str, Group] = {}
    for proposal in listed:
        slug = proposal.platform.slug
        group = found.setdefault(slug, Group(slug, proposal.platform.name))
        if proposal.entry_id:
            affected = called.get(proposal.entry_id, Affected())
        else:
            affected = unknown.get((slug, proposal.name), Affected())
        old, new = _side(proposal, proposal.old), _side(proposal, proposal.new)
        group.rows.append(ProposalRow(proposal, old, new, affected))
    return list(found.values())


def _side(proposal: ProposedChange, value: Any) -> Side:
    if value is None:
        return Side()
    if proposal.field == ENTRY:
        steps = tuple(_step(step["kind"], step, step["region"]) for step in value["steps"])
        return Side(steps, tuple(_short(text, proposal) for text in value["replacements"]) or None, value["kind"])
    if proposal.field == REPLACEMENTS:
        return Side(ids=tuple(_short(text, proposal) for text in value))
    if proposal.field == ALIASES:
        return Side(ids=tuple(_alias_words(alias) for alias in value))
    return Side((_step(proposal.field, value, proposal.region),))


def _step(kind: str, value: dict[str, Any], region: str) -> Step:
    on = date.fromisoformat(value["on"]) if value["on"] else None
    return Step(kind, on, value["precision"], region)


def _alias_words(alias: dict[str, Any]) -> str:
    days = f" [{alias['from'] or ''}..{alias['to'] or ''}]" if alias["from"] or alias["to"] else ""
    return alias["name"] + days


def _short(text: str, proposal: ProposedChange) -> str:
    return text.removeprefix(f"{proposal.platform.slug}/")


def _affected(proposals: Sequence[ProposedChange], as_of: date) -> dict[int, Affected]:
    entries = {proposal.entry_id for proposal in proposals if proposal.entry_id}
    rows = (
        Traffic.objects.filter(entry__in=entries, day__range=week(as_of))
        .order_by()
        .values_list("entry")
        .annotate(n=Sum("calls"), applications=Count("application", distinct=True))
    )
    return {pk: Affected(applications, None if n is None else n / 7) for pk, n, applications in rows}


def _uncatalogued(proposals: Sequence[ProposedChange], as_of: date) -> dict[tuple[str, str], Affected]:
    """Calls to names that a new entry would explain, by platform and id."""
    wanted = defaultdict(set)
    for proposal in proposals:
        if not proposal.entry_id:
            wanted[proposal.platform.slug].add(proposal.name)
    if not wanted:
        return {}
    either = Q()
    for platform, names in wanted.items():
        either |= Q(platform=platform, model__in=names)
    unknown = Resolution.objects.filter(either, entry=None).values("name")
    rows = (
        with_resolution(DailyRollup.objects.filter(name__in=unknown, day__range=week(as_of)))
        .filter(resolution__entry=None)
        .order_by()
        .values_list("resolution__platform", "resolution__model")
        .annotate(n=Sum("calls"), applications=Count("identity__application", distinct=True))
    )
    return {
        (platform, name): Affected(applications, None if n is None else n / 7)
        for platform, name, n, applications in rows
    }
