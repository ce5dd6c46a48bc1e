"""Unknown models: names in logs that are not in the catalog, over the last 30 days, most calls first."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, F, FilteredRelation, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.names.resolve import UNKNOWN
from dashboard.catalog.snapshot import Snapshot
from dashboard.core.fields import DayField
from dashboard.findings.models import IgnoredName, NameTraffic, Resolution
from dashboard.findings.name_resolution import with_resolution
from dashboard.findings.uncatalogued import UncataloguedName
from dashboard.usage.models import CalledName, DailyRollup, Identity
from dashboard.web.common.calls import count_unknown_calls

__all__ = [
    "DAYS",
    "UncataloguedShare",
    "UnknownName",
    "UnknownNameListQuery",
    "count_names",
    "list_names",
    "load_name",
    "name_rows",
    "platform_choices",
    "uncatalogued_share",
]

DAYS = 30
MAX_SUGGESTIONS = 3
MAX_APPLICATIONS = 3
KEY = ("called_as", "unresolved__platform")


@dataclass(frozen=True, slots=True)
class UnknownNameListQuery:
    """Filters of the list; empty values match everything. `application` is a slug."""

    text: str = ""
    platform: str = ""
    application: str = ""
    ignored: bool = False
    """List the ignored names instead of the others."""


@dataclass(frozen=True, slots=True)
class UncataloguedShare:
    """Calls of the last 30 days: to unknown models, to the ignored ones among them, and in total."""

    unknown: int
    ignored: int
    total: int

    @property
    def unknown_share(self) -> float | None:
        return self.unknown / self.total if self.total else None

    @property
    def unignored_share(self) -> float | None:
        """Without the ignored names."""
        return max(self.unknown - self.ignored, 0) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class UnknownName:
    """One name as logged on one platform; the platform is "" if neither the log nor the name states it."""

    called_as: str
    platform: str
    platform_name: str
    calls: int | None
    last_on: date
    first_on: date
    """The first day ever, not only within the last 30 days."""
    applications: list[tuple[str, str]]
    """(slug, name) of those with the most calls."""
    applications_total: int
    suggestions: list[EntryState]
    """Entries with a similar id, for an editor to choose from."""
    ignored: IgnoredName | None


def last_30_days(as_of: date) -> tuple[date, date]:
    return as_of - timedelta(days=DAYS - 1), as_of


def uncatalogued_share(as_of: date) -> UncataloguedShare:
    unknown, total = count_unknown_calls(*last_30_days(as_of))
    ignored = _recent_traffic(_names(ignored_by=as_of), as_of).aggregate(n=Sum("calls"))["n"]
    return UncataloguedShare(unknown, ignored or 0, total)


def count_names(as_of: date) -> tuple[int, int]:
    """The number of unknown names of the last 30 days: (not ignored, ignored)."""
    names = ("name__called_as", "resolution__platform")
    recent = _recent_traffic(_names(), as_of).values(*names).distinct()
    ignored = _recent_traffic(_names(ignored_by=as_of), as_of).values(*names).distinct().count()
    return recent.count() - ignored, ignored


def list_names(list_query: UnknownNameListQuery, as_of: date) -> QuerySet:
    """Groups (called_as, platform, calls, last_on), most calls first, for paging."""
    names = _names(ignored_by=as_of) if list_query.ignored else _names(not_ignored_by=as_of)
    if text := list_query.text.strip():
        names = names.filter(called_as__icontains=text)
    traffic = _recent_traffic(names, as_of, list_query.application)
    if list_query.platform:
        traffic = traffic.filter(resolution__platform=list_query.platform)
    return (
        traffic.values(called_as=F("name__called_as"), platform=F("resolution__platform"))
        .annotate(calls=Sum("calls"), last_on=Max("day"))
        .order_by(F("calls").desc(nulls_last=True), "called_as", "platform")
    )


def platform_choices(snapshot: Snapshot) -> list[tuple[str, str]]:
    """(slug, name) of the platforms that have unknown names, for the filter."""
    slugs = set(Resolution.objects.filter(entry=None).values_list("platform", flat=True))
    return [
        (slug, _("Unknown platform") if slug == UNKNOWN else snapshot.platform_name(slug))
        for slug in sorted(slugs)
    ]


def name_rows(groups: Iterable[dict], snapshot: Snapshot) -> list[UnknownName]:
    """The rows of one page of `list_names`."""
    listed = list(groups)
    names = {group["called_as"] for group in listed}
    firsts = _firsts(names, snapshot.as_of)
    ignored = _ignored(names, snapshot.as_of)
    callers = _callers(names, snapshot.as_of)
    rows = []
    for group in listed:
        key = (group["called_as"], group["platform"])
        platform = "" if group["platform"] in {None, UNKNOWN} else group["platform"]
        rows.append(
            UnknownName(
                called_as=group["called_as"],
                platform=platform,
                platform_name=snapshot.platform_name(platform),
                calls=group["calls"],
                last_on=group["last_on"],
                first_on=firsts[key],
                applications=callers[key][:MAX_APPLICATIONS],
                applications_total=len(callers[key]),
                suggestions=_suggestions(group["called_as"], group["platform"] or UNKNOWN, snapshot),
                ignored=ignored.get((group["called_as"], group["platform"] or UNKNOWN)),
            )
        )
    return rows


def load_name(name: UncataloguedName, snapshot: Snapshot) -> UnknownName | None:
    """One name for its own page, ignored or not; None without a call in the last 30 days."""
    recent = _recent_traffic(_names().filter(pk__in=name.called_names), snapshot.as_of)
    group = recent.aggregate(calls=Sum("calls"), last_on=Max("day"))
    if not group["last_on"]:
        return None
    platform = recent.values_list("resolution__platform", flat=True).first()
    return name_rows([{"called_as": name.called_as, "platform": platform, **group}], snapshot)[0]


def _names(*, ignored_by: date | None = None, not_ignored_by: date | None = None) -> QuerySet:
    """Names that resolve to nothing on some day; optionally only those (not) ignored by a day."""
    unresolved = FilteredRelation("resolutions", condition=Q(resolutions__entry=None))
    names = CalledName.objects.alias(unresolved=unresolved).filter(
        Q(unresolved__isnull=False) | Q(resolutions__isnull=True)
    )
    ignored = IgnoredName.objects.filter(
        called_as=OuterRef("called_as"), platform=Coalesce(OuterRef("unresolved__platform"), Value(UNKNOWN))
    )
    if ignored_by:
        names = names.filter(Exists(ignored.filter(on__lte=ignored_by)))
    if not_ignored_by:
        names = names.filter(~Exists(ignored.filter(on__lte=not_ignored_by)))
    return names


def _recent_traffic(names: QuerySet, as_of: date, application: str = "") -> QuerySet:
    """Sums of the last 30 days on which the names are unresolved; with a slug, of one application only."""
    conditions = {"name__in": names.values("pk"), "day__range": last_30_days(as_of)}
    sums: QuerySet = NameTraffic.objects.filter(**conditions)
    if application:
        sums = DailyRollup.objects.filter(**conditions, identity__application__slug=application)
    return with_resolution(sums).filter(resolution__entry=None).order_by()


def _ignored(names: set[str], as_of: date) -> dict[tuple[str, str], IgnoredName]:
    entries = IgnoredName.objects.filter(called_as__in=names, on__lte=as_of).select_related("by")
    return {(ignored.called_as, ignored.platform): ignored for ignored in entries}


def _firsts(names: set[str], as_of: date) -> dict[tuple[str, str | None], date]:
    since = Coalesce(OuterRef("unresolved__from_day"), Value(date.min, output_field=DayField()))
    until = Coalesce(OuterRef("unresolved__to_day"), Value(date.max, output_field=DayField()))
    days = NameTraffic.objects.filter(name=OuterRef("pk"), day__lte=as_of, day__gte=since, day__lt=until)
    first = Subquery(days.order_by("day").values("day")[:1])
    first_days = _names().filter(called_as__in=names).annotate(first=first).order_by()
    firsts: dict[tuple[str, str | None], date] = {}
    for name, platform, day in first_days.values_list(*KEY, "first"):
        if day:
            firsts[name, platform] = min(day, firsts.get((name, platform), day))
    return firsts


def _callers(names: set[str], as_of: date) -> dict[tuple[str, str | None], list[tuple[str, str]]]:
    """(slug, name) of the applications that call each name, most calls first."""
    called = dict(_names().filter(called_as__in=names).values_list("pk", "called_as"))
    sums = _calls_by_identity(called, as_of)
    identities = Identity.objects.filter(pk__in={identity for _, _, identity, _ in sums})
    rows = identities.values_list("pk", "application__slug", "application__name")
    applications = {pk: (slug, title) for pk, slug, title in rows}
    calls: dict[tuple[str, str | None], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for name, platform, identity, n in sums:
        calls[called[name], platform][applications[identity]] += n or 0
    return defaultdict(
        list, {key: sorted(counts, key=lambda app: (-counts[app], app)) for key, counts in calls.items()}
    )


def _calls_by_identity(names: Collection[int], as_of: date) -> list[tuple[int, str | None, int, int | None]]:
    """(name, platform, identity, calls) of the days on which the name is unresolved.

    Most names keep one meaning, so it is not joined to each of their rollups.
    """
    first, last = last_30_days(as_of)
    platforms = dict(
        Resolution.objects.filter(name__in=list(names), entry=None, from_day__lte=first, to_day__gt=last)
        .order_by()
        .values_list("name_id", "platform")
    )
    rollups = DailyRollup.objects.filter(day__range=(first, last)).order_by()
    settled = rollups.filter(name__in=list(platforms)).values_list("name_id", "identity_id")
    rows = [(name, platforms[name], identity, n) for name, identity, n in settled.annotate(n=Sum("calls"))]
    moving = with_resolution(rollups.filter(name__in=[name for name in names if name not in platforms]))
    keys = ("name_id", "resolution__platform", "identity_id")
    return rows + list(moving.filter(resolution__entry=None).values_list(*keys).annotate(n=Sum("calls")))


def _suggestions(name: str, platform: str, snapshot: Snapshot) -> list[EntryState]:
    return snapshot.close_to(name, platform, MAX_SUGGESTIONS) if name else []
