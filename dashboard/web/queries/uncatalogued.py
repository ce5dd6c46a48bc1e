"""Names that were called and that the catalog does not know: by volume, over the last 30 days."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Platform
from dashboard.catalog.names import UNKNOWN, suggest
from dashboard.catalog.snapshot import Snapshot
from dashboard.usage.models import CalledName, DailyRollup
from dashboard.web.queries.calls import share_uncatalogued

__all__ = ["DAYS", "Share", "UnknownName", "Wanted", "find", "platforms", "rows", "share"]

DAYS = 30
CLOSE = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list; empty values ask for everything. `application` is a slug."""

    text: str = ""
    platform: str = ""
    application: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """Calls to names that nobody has looked up, and all calls, of the last 30 days."""

    unknown: int
    total: int

    @property
    def part(self) -> float | None:
        return self.unknown / self.total if self.total else None


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


def span(as_of: date) -> tuple[date, date]:
    return as_of - timedelta(days=DAYS - 1), as_of


def share(as_of: date) -> Share:
    return Share(*share_uncatalogued(*span(as_of)))


def find(wanted: Wanted, as_of: date) -> QuerySet:
    """Groups (called_as, platform, calls, last_on, applications_total), most calls first; made for paging."""
    found = _unknown().filter(day__range=span(as_of))
    if text := wanted.text.strip():
        found = found.filter(name__called_as__icontains=text)
    if wanted.platform:
        found = found.filter(name__resolution__platform=wanted.platform)
    if wanted.application:
        found = found.filter(identity__application__slug=wanted.application)
    return (
        found.values(called_as=F("name__called_as"), platform=F("name__resolution__platform"))
        .annotate(
            calls=Sum("calls"),
            last_on=Max("day"),
            applications_total=Count("identity__application", distinct=True),
        )
        .order_by(F("calls").desc(nulls_last=True), "called_as", "platform")
    )


def platforms() -> list[str]:
    """Platforms of the names that are unknown."""
    names = CalledName.objects.filter(resolution__entry=None).exclude(resolution=None)
    return sorted(set(names.values_list("resolution__platform", flat=True)))


def rows(groups: Iterable[dict], snapshot: Snapshot) -> list[UnknownName]:
    """The lines of one page of `find`."""
    listed = list(groups)
    names = {group["called_as"] for group in listed}
    pks = dict(Platform.objects.values_list("slug", "pk"))
    firsts = _firsts(names, snapshot.as_of)
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
            applications_total=group["applications_total"],
            close=_close(group["called_as"], group["platform"] or UNKNOWN, snapshot),
        )
        for group in listed
    ]


def _unknown() -> QuerySet:
    names = CalledName.objects.filter(Q(resolution__isnull=True) | Q(resolution__entry=None))
    return DailyRollup.objects.filter(name__in=names).order_by()


def _firsts(names: set[str], as_of: date) -> dict[tuple[str, str | None], date]:
    found = _unknown().filter(name__called_as__in=names, day__lte=as_of)
    keys = ("name__called_as", "name__resolution__platform")
    return {(name, platform): day for name, platform, day in found.values_list(*keys).annotate(Min("day"))}


def _callers(names: set[str], as_of: date) -> dict[tuple[str, str | None], list[tuple[str, str]]]:
    keys = (
        "name__called_as",
        "name__resolution__platform",
        "identity__application__slug",
        "identity__application__name",
    )
    found = _unknown().filter(name__called_as__in=names, day__range=span(as_of))
    callers: dict[tuple[str, str | None], list[tuple[str, str]]] = defaultdict(list)
    for name, platform, slug, title, _ in found.values_list(*keys).annotate(n=Sum("calls")).order_by("-n", *keys):
        callers[name, platform].append((slug, title))
    return callers


def _close(name: str, platform: str, snapshot: Snapshot) -> list[EntryState]:
    if not name:
        return []
    return [snapshot.entries[one.entry] for one in suggest(name, platform, snapshot.names, CLOSE)]
