"""The list of proposed changes: the value in the catalog, the proposed one, and the usage affected."""

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
from dashboard.findings.traffic.series import last_7_days
from dashboard.usage.models import DailyRollup

__all__ = [
    "AffectedUsage",
    "PlatformProposals",
    "ProposalListQuery",
    "ProposalRow",
    "ProposalSide",
    "ProposedMilestone",
    "filter_choices",
    "group_by_platform",
    "list_proposals",
]


MOST_NEW = 500
"""The most new entries that are matched with unknown models to sort the list."""


@dataclass(frozen=True, slots=True)
class ProposalListQuery:
    """Filters of the list; empty values match everything."""

    text: str = ""
    platform: str = ""
    feed: str = ""
    change: str = ""
    called: bool = False
    """Only models with calls in the last 7 days."""


@dataclass(frozen=True, slots=True)
class ProposedMilestone:
    """A proposed milestone; `on` is None for a milestone without a date."""

    kind: str
    on: date | None
    precision: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class ProposalSide:
    """One side of a change, the catalog's or the feed's. Empty: it has no value."""

    milestones: tuple[ProposedMilestone, ...] = ()
    ids: tuple[str, ...] | None = None
    kind: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.milestones and self.ids is None and not self.kind


@dataclass(frozen=True, slots=True)
class AffectedUsage:
    """Calls per day and applications of the last 7 days; calls are None if no source counts them."""

    applications: int = 0
    calls_per_day: float | None = 0


@dataclass(frozen=True, slots=True)
class ProposalRow:
    proposal: ProposedChange
    old: ProposalSide
    new: ProposalSide
    affected: AffectedUsage

    @property
    def shift(self) -> int | None:
        """The number of days by which a date moves, positive for later; None if no date moves."""
        before = self.old.milestones[0].on if self.old.milestones else None
        after = self.new.milestones[0].on if len(self.new.milestones) == 1 else None
        return (after - before).days if before and after and before != after else None


@dataclass(slots=True)
class PlatformProposals:
    """The rows of one platform."""

    slug: str
    title: str
    rows: list[ProposalRow] = field(default_factory=list)


def list_proposals(list_query: ProposalListQuery, as_of: date, today: date) -> QuerySet[ProposedChange]:
    """Proposals that were pending at the end of `as_of`, or now for today, for paging.

    Models in use come first, most calls of the last 7 days first; the rest by platform and id.
    """
    proposals = ProposedChange.objects.select_related("platform", "entry__platform")
    if as_of == today:
        proposals = proposals.filter(state=ProposalState.PENDING)
    else:
        end = datetime.combine(as_of + timedelta(days=1), time.min, UTC)
        proposals = proposals.filter(first_seen_at__lt=end).filter(
            Q(state=ProposalState.PENDING) | Q(decided_at__gte=end)
        )
    if list_query.platform:
        proposals = proposals.filter(platform__slug=list_query.platform)
    if list_query.feed:
        proposals = proposals.filter(feed=list_query.feed)
    if list_query.change:
        proposals = proposals.filter(change=list_query.change)
    if text := list_query.text.strip():
        proposals = proposals.filter(name__icontains=text)
    with_calls = _with_calls(proposals, as_of)
    if list_query.called:
        with_calls = with_calls.filter(callers__gt=0)
    return with_calls.order_by(
        Case(When(callers__gt=0, then=0), default=1),
        F("called").desc(nulls_last=True),
        F("callers").desc(),
        *("platform__slug", "name", "field", "region", "feed", "pk"),
    )


def _with_calls(proposals: QuerySet[ProposedChange], as_of: date) -> QuerySet[Any]:
    """Annotate `callers` (applications) and `called` (calls, or None) of the last 7 days."""
    new = list(proposals.filter(entry=None).order_by("pk").select_related("platform")[:MOST_NEW])
    unknown = _uncatalogued(new, as_of)
    affected_by_pk = {
        row.pk: unknown[row.platform.slug, row.name] for row in new if (row.platform.slug, row.name) in unknown
    }
    days = last_7_days(as_of)
    traffic = Traffic.objects.filter(entry=OuterRef("entry"), day__range=days).order_by().values("entry")
    callers = Subquery(traffic.annotate(n=Count("application", distinct=True)).values("n"))
    called = Subquery(traffic.annotate(n=Sum("calls")).values("n"))
    known = {
        pk: round(affected.calls_per_day * 7) for pk, affected in affected_by_pk.items() if affected.calls_per_day
    }
    return proposals.annotate(
        callers=Case(
            *(When(pk=pk, then=Value(affected.applications)) for pk, affected in affected_by_pk.items()),
            default=Coalesce(callers, 0),
            output_field=IntegerField(),
        ),
        called=Case(
            *(When(pk=pk, then=Value(calls)) for pk, calls in known.items()),
            default=called,
            output_field=IntegerField(),
        ),
    )


def filter_choices() -> dict[str, list[tuple[str, Any]]]:
    """Platforms, feeds and kinds of change of the pending proposals, for the filters."""
    pending = ProposedChange.objects.filter(state=ProposalState.PENDING).order_by()
    rows = set(pending.values_list("platform__slug", "platform__name", "feed", "change").distinct())
    feeds, changes = {row[2] for row in rows}, {row[3] for row in rows}
    return {
        "platform": sorted({(slug, name) for slug, name, _feed, _change in rows}),
        "feed": [(feed, feed) for feed in sorted(feeds)],
        "change": [choice for choice in Difference.choices if choice[0] in changes],
    }


def group_by_platform(proposals: Iterable[ProposedChange], as_of: date) -> list[PlatformProposals]:
    """The rows of one page, grouped by platform."""
    listed = list(proposals)
    called, unknown = _affected(listed, as_of), _uncatalogued(listed, as_of)
    groups: dict[str, PlatformProposals] = {}
    for proposal in listed:
        slug = proposal.platform.slug
        group = groups.setdefault(slug, PlatformProposals(slug, proposal.platform.name))
        if proposal.entry_id:
            affected = called.get(proposal.entry_id, AffectedUsage())
        else:
            affected = unknown.get((slug, proposal.name), AffectedUsage())
        old, new = _side(proposal, proposal.old), _side(proposal, proposal.new)
        group.rows.append(ProposalRow(proposal, old, new, affected))
    return list(groups.values())


def _side(proposal: ProposedChange, value: Any) -> ProposalSide:
    if value is None:
        return ProposalSide()
    if proposal.field == ENTRY:
        milestones = tuple(_milestone(step["kind"], step, step["region"]) for step in value["steps"])
        return ProposalSide(
            milestones, tuple(_short(text, proposal) for text in value["replacements"]) or None, value["kind"]
        )
    if proposal.field == REPLACEMENTS:
        return ProposalSide(ids=tuple(_short(text, proposal) for text in value))
    if proposal.field == ALIASES:
        return ProposalSide(ids=tuple(_alias_words(alias) for alias in value))
    return ProposalSide((_milestone(proposal.field, value, proposal.region),))


def _milestone(kind: str, value: dict[str, Any], region: str) -> ProposedMilestone:
    on = date.fromisoformat(value["on"]) if value["on"] else None
    return ProposedMilestone(kind, on, value["precision"], region)


def _alias_words(alias: dict[str, Any]) -> str:
    days = f" [{alias['from'] or ''}..{alias['to'] or ''}]" if alias["from"] or alias["to"] else ""
    return alias["name"] + days


def _short(text: str, proposal: ProposedChange) -> str:
    return text.removeprefix(f"{proposal.platform.slug}/")


def _affected(proposals: Sequence[ProposedChange], as_of: date) -> dict[int, AffectedUsage]:
    entries = {proposal.entry_id for proposal in proposals if proposal.entry_id}
    rows = (
        Traffic.objects.filter(entry__in=entries, day__range=last_7_days(as_of))
        .order_by()
        .values_list("entry")
        .annotate(n=Sum("calls"), applications=Count("application", distinct=True))
    )
    return {pk: AffectedUsage(applications, None if n is None else n / 7) for pk, n, applications in rows}


def _uncatalogued(proposals: Sequence[ProposedChange], as_of: date) -> dict[tuple[str, str], AffectedUsage]:
    """Calls to unknown models that a new entry would cover, by platform and id."""
    names_by_platform = defaultdict(set)
    for proposal in proposals:
        if not proposal.entry_id:
            names_by_platform[proposal.platform.slug].add(proposal.name)
    if not names_by_platform:
        return {}
    conditions = Q()
    for platform, names in names_by_platform.items():
        conditions |= Q(platform=platform, model__in=names)
    unknown = Resolution.objects.filter(conditions, entry=None).values("name")
    rows = (
        with_resolution(DailyRollup.objects.filter(name__in=unknown, day__range=last_7_days(as_of)))
        .filter(resolution__entry=None)
        .order_by()
        .values_list("resolution__platform", "resolution__model")
        .annotate(n=Sum("calls"), applications=Count("identity__application", distinct=True))
    )
    return {
        (platform, name): AffectedUsage(applications, None if n is None else n / 7)
        for platform, name, n, applications in rows
    }
