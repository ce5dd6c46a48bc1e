"""How many calls, of late: sums over `Traffic` for lists. Days are UTC, both ends included.

A sum is None where no source counts calls, and 0 where nobody called.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Max, Q, Sum

from dashboard.findings.models import Traffic

__all__ = ["Usage", "by_application", "by_entry", "by_pair", "callers", "share_uncatalogued", "week"]

LATELY = 30
"""Days back in which a call makes an entry one of ours."""


@dataclass(frozen=True, slots=True)
class Usage:
    """One entry's use: calls of the last 7 days, and applications that called in the last 30."""

    calls_7d: int | None = 0
    applications: int = 0


def week(as_of: date) -> tuple[date, date]:
    """The seven days that end with `as_of`."""
    return as_of - timedelta(days=6), as_of


def lately(as_of: date) -> tuple[date, date]:
    return as_of - timedelta(days=LATELY - 1), as_of


def by_entry(as_of: date) -> dict[int, Usage]:
    """Every entry called in the last 30 days."""
    first = week(as_of)[0]
    rows = (
        Traffic.objects.filter(day__range=lately(as_of), entry__isnull=False)
        .values("entry")
        .annotate(
            calls_7d=Sum("calls", filter=Q(day__gte=first)),
            days=Count("day", filter=Q(day__gte=first)),
            applications=Count("application", distinct=True),
        )
        .values_list("entry", "calls_7d", "days", "applications")
    )
    return {pk: Usage(calls if days else 0, applications) for pk, calls, days, applications in rows}


def by_application(applications: Iterable[int], as_of: date) -> dict[int, int | None]:
    """Calls of the last 7 days, to any model, of some applications."""
    wanted = list(applications)
    rows = Traffic.objects.filter(application__in=wanted, day__range=week(as_of))
    sums = dict(rows.values("application").annotate(n=Sum("calls")).values_list("application", "n"))
    return dict.fromkeys(wanted, 0) | sums


def by_pair(pairs: Iterable[tuple[int, int]], as_of: date) -> dict[tuple[int, int], int | None]:
    """Calls of the last 7 days of some (application, entry); made for the rows of one page."""
    wanted = list(pairs)
    rows = (
        Traffic.objects.filter(
            application__in={a for a, _ in wanted}, entry__in={e for _, e in wanted}, day__range=week(as_of)
        )
        .values("application", "entry")
        .annotate(n=Sum("calls"))
        .values_list("application", "entry", "n")
    )
    sums = {(a, e): n for a, e, n in rows}
    return {pair: sums.get(pair, 0) for pair in wanted}


def callers(entry: int, as_of: date, first: date) -> list[dict]:
    """Who called an entry since `first`: `application` (pk), `calls_7d`, `last_on`; most calls first."""
    since = week(as_of)[0]
    rows = (
        Traffic.objects.filter(entry=entry, day__range=(first, as_of))
        .filter(Q(calls__gt=0) | Q(calls=None))
        .values("application")
        .annotate(
            calls_7d=Sum("calls", filter=Q(day__gte=since)),
            total=Sum("calls"),
            last_on=Max("day"),
        )
        .order_by("application")
    )
    found = [row | {"calls_7d": 0 if row["last_on"] < since else row["calls_7d"]} for row in rows]
    return sorted(found, key=lambda row: (-(row["calls_7d"] or 0), -(row["total"] or 0), row["application"]))


def share_uncatalogued(first: date, last: date) -> tuple[int, int]:
    """(calls whose name the catalog does not know, all calls) of some days."""
    sums = Traffic.objects.filter(day__range=(first, last)).aggregate(
        unknown=Sum("calls", filter=Q(entry=None)), total=Sum("calls")
    )
    return sums["unknown"] or 0, sums["total"] or 0
