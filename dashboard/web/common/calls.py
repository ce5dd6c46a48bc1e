"""Sums of recent calls for lists. Days are UTC, both ends included.

A sum is None where no source counts calls, and 0 where there were none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Exists, Max, OuterRef, Q, Sum

from dashboard.findings.models import EntryCaller, EntryTraffic, Traffic
from dashboard.findings.traffic.series import last_7_days

__all__ = [
    "EntryUsage",
    "calls_7d_by_application",
    "count_unknown_calls",
    "entry_callers",
    "usage_by_entry",
]

RECENT_DAYS = 30
"""An entry called within this many days counts as in use."""


@dataclass(frozen=True, slots=True)
class EntryUsage:
    """One entry's use: calls of the last 7 days, and applications that called in the last 30."""

    calls_7d: int | None = 0
    applications: int = 0


def last_30_days(as_of: date) -> tuple[date, date]:
    return as_of - timedelta(days=RECENT_DAYS - 1), as_of


def usage_by_entry(as_of: date) -> dict[int, EntryUsage]:
    """Every entry called in the last 30 days."""
    week = Q(day__range=last_7_days(as_of))
    rows = (
        EntryTraffic.objects.filter(day__range=last_30_days(as_of), entry__isnull=False)
        .order_by()
        .values_list("entry_id")
        .annotate(
            calls_7d=Sum("calls", filter=week),
            days=Count("day", filter=week),
        )
    )
    applications = _applications_by_entry(as_of)
    return {pk: EntryUsage(calls if days else 0, applications.get(pk, 0)) for pk, calls, days in rows}


def _applications_by_entry(as_of: date) -> dict[int, int]:
    """How many applications called each entry in the last 30 days.

    Traffic is queried only for applications with calls before and after these days: on the newest day, none.
    """
    first, last = last_30_days(as_of)
    between = Traffic.objects.filter(
        application=OuterRef("application"), entry=OuterRef("entry"), day__range=(first, last), is_call=True
    )
    callers = EntryCaller.objects.filter(first_on__lte=last, last_on__gte=first).filter(
        Q(last_on__lte=last) | Q(first_on__gte=first) | Exists(between)
    )
    return dict(callers.order_by().values_list("entry_id").annotate(n=Count("pk")))


def calls_7d_by_application(applications: Iterable[int], as_of: date) -> dict[int, int | None]:
    """Calls of the last 7 days, to any model, of some applications."""
    pks = list(applications)
    rows = Traffic.objects.filter(application__in=pks, day__range=last_7_days(as_of))
    sums = dict(rows.values("application").annotate(n=Sum("calls")).values_list("application", "n"))
    return dict.fromkeys(pks, 0) | sums


def entry_callers(entry: int, as_of: date, first: date) -> tuple[list[dict], dict[int, int | None]]:
    """Callers of an entry since `first` (`application`, a pk, `calls_7d`, `last_on`), most calls first.

    Also returns the calls of each application since then, for the chart, so that they are summed once.
    """
    week = Q(day__range=last_7_days(as_of))
    rows = list(
        Traffic.objects.filter(entry=entry, day__range=(first, as_of))
        .order_by()
        .values("application")
        .annotate(
            calls_7d=Sum("calls", filter=week),
            days=Count("day", filter=week),
            total=Sum("calls"),
            last_on=Max("day", filter=Q(is_call=True)),
        )
    )
    callers = [row | {"calls_7d": row["calls_7d"] if row["days"] else 0} for row in rows if row["last_on"]]
    callers.sort(key=lambda row: (-(row["calls_7d"] or 0), -(row["total"] or 0), row["application"]))
    return callers, {row["application"]: row["total"] for row in rows}


def count_unknown_calls(first: date, last: date) -> tuple[int, int]:
    """(calls whose name the catalog does not know, all calls) of some days."""
    sums = EntryTraffic.objects.filter(day__range=(first, last)).aggregate(
        unknown=Sum("calls", filter=Q(entry=None)), total=Sum("calls")
    )
    return sums["unknown"] or 0, sums["total"] or 0
