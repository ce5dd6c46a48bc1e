"""Names that were called and that the catalog does not know: by volume, over the last 30 days."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, F, FilteredRelation, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Platform
from dashboard.catalog.names.resolve import UNKNOWN
from dashboard.catalog.snapshot import Snapshot
from dashboard.core.fields import DayField
from dashboard.findings.models import IgnoredName, NameTraffic, Resolution
from dashboard.findings.name_resolution import with_resolution
from dashboard.findings.uncatalogued import UncataloguedName
from dashboard.usage.models import CalledName, DailyRollup, Identity
from dashboard.web.common.calls import count_unknown_calls

__all__ = ["DAYS", "Share", "UnknownName", "Wanted", "counts", "find", "one", "platforms", "rows", "share"]

DAYS = 30
CLOSE = 3
KEY = ("called_as", "meaningless__platform")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; empty values ask for everything. `application` is a slug."""

    text: str = ""
    platform: str = ""
    application: str = ""
    ignored: bool = False
    """The names that somebody chose to ignore, instead of those to look up."""


@dataclass(frozen=True, slots=True)
class Share:
    """Calls to names that nobody has catalogued, those of them that somebody ignores, and all calls; 30 days."""

    unknown: int
    ignored: int
    total: int

    @property
    def part(self) -> float | None:
        return self.unknown / self.total if self.total else None

    @property
    def open_part(self) -> float | None:
        """Without what is ignored."""
        return max(self.unknown - self.ignored, 0) / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class UnknownName:
    """One name as logged on one platform ("" when neither log nor name tells)."""

    called_as: str
    platform: str
    platform_pk: int | None
    calls: int | None
    last_on: date
    first_on: date
    """The first day of all, not only of the last 30."""
    applications: list[tuple[str, str]]
    """(slug, name) of those that call it most."""
    applications_total: int
    close: list[EntryState]
    """Entries whose id looks alike; for people to choose from."""
    ignored: IgnoredName | None


def span(as_of: date) -> tuple[date, date]:
    return as_of - timedelta(days=DAYS - 1), as_of


def share(as_of: date) -> Share:
    unknown, total = count_unknown_calls(*span(as_of))
    ignored = _lately(_names(ignored_by=as_of), as_of).aggregate(n=Sum("calls"))["n"]
    return Share(unknown, ignored or 0, total)


def counts(as_of: date) -> tuple[int, int]:
    """How many names of the last 30 days are to be looked up, and how many are ignored."""
    names = ("name__called_as", "resolution__platform")
    lately = _lately(_names(), as_of).values(*names).distinct()
    ignored = _lately(_names(ignored_by=as_of), as_of).values(*names).distinct().count()
    return lately.count() - ignored, ignored


def find(wanted: Wanted, as_of: date) -> QuerySet:
    """Groups (called_as, platform, calls, last_on), most calls first; made for paging."""
    names = _names(ignored_by=as_of) if wanted.ignored else _names(not_ignored_by=as_of)
    if text := wanted.text.strip():
        names = names.filter(called_as__icontains=text)
    found = _lately(names, as_of, wanted.application)
    if wanted.platform:
        found = found.filter(resolution__platform=wanted.platform)
    return (
        found.values(called_as=F("name__called_as"), platform=F("resolution__platform"))
        .annotate(calls=Sum("calls"), last_on=Max("day"))
        .order_by(F("calls").desc(nulls_last=True), "called_as", "platform")
    )


def platforms() -> list[str]:
    """Platforms of the names that are unknown."""
    return sorted(set(Resolution.objects.filter(entry=None).values_list("platform", flat=True)))


def rows(groups: Iterable[dict], snapshot: Snapshot) -> list[UnknownName]:
    """The lines of one page of `find`."""
    listed = list(groups)
    names = {group["called_as"] for group in listed}
    pks = dict(Platform.objects.values_list("slug", "pk"))
    firsts = _firsts(names, snapshot.as_of)
    ignored = _ignored(names, snapshot.as_of)
    callers = _callers(names, snapshot.as_of)
    return [
        UnknownName(
            called_as=group["called_as"],
            platform="" if group["platform"] in {None, UNKNOWN} else group["platform"],
            platform_pk=pks.get(group["platform"]),
            calls=group["calls"],
            last_on=group["last_on"],
            first_on=firsts[group["called_as"], group["platform"]],
            applications=callers[group["called_as"], group["platform"]][:CLOSE],
            applications_total=len(callers[group["called_as"], group["platform"]]),
            close=_close(group["called_as"], group["platform"] or UNKNOWN, snapshot),
            ignored=ignored.get((group["called_as"], group["platform"] or UNKNOWN)),
        )
        for group in listed
    ]


def one(name: UncataloguedName, snapshot: Snapshot) -> UnknownName | None:
    """One name for its own page, whatever the list shows; None when no call of the last 30 days has it."""
    lately = _lately(_names().filter(pk__in=name.called_names), snapshot.as_of)
    group = lately.aggregate(calls=Sum("calls"), last_on=Max("day"))
    if not group["last_on"]:
        return None
    platform = lately.values_list("resolution__platform", flat=True).first()
    return rows([{"called_as": name.called_as, "platform": platform, **group}], snapshot)[0]


def _names(*, ignored_by: date | None = None, not_ignored_by: date | None = None) -> QuerySet:
    """Names that meant nothing on some day; only those that somebody ignores by a day, or that nobody does."""
    meaningless = FilteredRelation("resolutions", condition=Q(resolutions__entry=None))
    names = CalledName.objects.alias(meaningless=meaningless).filter(
        Q(meaningless__isnull=False) | Q(resolutions__isnull=True)
    )
    ignored = IgnoredName.objects.filter(
        called_as=OuterRef("called_as"), platform=Coalesce(OuterRef("meaningless__platform"), Value(UNKNOWN))
    )
    if ignored_by:
        names = names.filter(Exists(ignored.filter(on__lte=ignored_by)))
    if not_ignored_by:
        names = names.filter(~Exists(ignored.filter(on__lte=not_ignored_by)))
    return names


def _lately(names: QuerySet, as_of: date, application: str = "") -> QuerySet:
    """Sums of the last 30 days, where the names meant nothing on the day; or of one application's calls."""
    asked = {"name__in": names.values("pk"), "day__range": span(as_of)}
    sums: QuerySet = NameTraffic.objects.filter(**asked)
    if application:
        sums = DailyRollup.objects.filter(**asked, identity__application__slug=application)
    return with_resolution(sums).filter(resolution__entry=None).order_by()


def _ignored(names: set[str], as_of: date) -> dict[tuple[str, str], IgnoredName]:
    found = IgnoredName.objects.filter(called_as__in=names, on__lte=as_of).select_related("by")
    return {(ignored.called_as, ignored.platform): ignored for ignored in found}


def _firsts(names: set[str], as_of: date) -> dict[tuple[str, str | None], date]:
    since = Coalesce(OuterRef("meaningless__from_day"), Value(date.min, output_field=DayField()))
    until = Coalesce(OuterRef("meaningless__to_day"), Value(date.max, output_field=DayField()))
    days = NameTraffic.objects.filter(name=OuterRef("pk"), day__lte=as_of, day__gte=since, day__lt=until)
    first = Subquery(days.order_by("day").values("day")[:1])
    found = _names().filter(called_as__in=names).annotate(first=first).order_by()
    firsts: dict[tuple[str, str | None], date] = {}
    for name, platform, day in found.values_list(*KEY, "first"):
        if day:
            firsts[name, platform] = min(day, firsts.get((name, platform), day))
    return firsts


def _callers(names: set[str], as_of: date) -> dict[tuple[str, str | None], list[tuple[str, str]]]:
    """(slug, name) of the applications that call each name, those that call it most first."""
    called = dict(_names().filter(called_as__in=names).values_list("pk", "called_as"))
    sums = _callers_of(called, as_of)
    people = Identity.objects.filter(pk__in={identity for _, _, identity, _ in sums})
    rows = people.values_list("pk", "application__slug", "application__name")
    whose = {pk: (slug, title) for pk, slug, title in rows}
    calls: dict[tuple[str, str | None], dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for name, platform, identity, n in sums:
        calls[called[name], platform][whose[identity]] += n or 0
    return defaultdict(list, {key: sorted(some, key=lambda who: (-some[who], who)) for key, some in calls.items()})


def _callers_of(names: Collection[int], as_of: date) -> list[tuple[int, str | None, int, int | None]]:
    """(name, platform, identity, calls) on days on which the name meant nothing.

    Most names mean one thing all the time: what that is need not be looked up for each of their rollups.
    """
    first, last = span(as_of)
    platforms = dict(
        Resolution.objects.filter(name__in=list(names), entry=None, from_day__lte=first, to_day__gt=last)
        .order_by()
        .values_list("name_id", "platform")
    )
    rollups = DailyRollup.objects.filter(day__range=(first, last)).order_by()
    settled = rollups.filter(name__in=list(platforms)).values_list("name_id", "identity_id")
    found = [(name, platforms[name], who, n) for name, who, n in settled.annotate(n=Sum("calls"))]
    moving = with_resolution(rollups.filter(name__in=[name for name in names if name not in platforms]))
    keys = ("name_id", "resolution__platform", "identity_id")
    return found + list(moving.filter(resolution__entry=None).values_list(*keys).annotate(n=Sum("calls")))


def _close(name: str, platform: str, snapshot: Snapshot) -> list[EntryState]:
    return snapshot.close_to(name, platform, CLOSE) if name else []
