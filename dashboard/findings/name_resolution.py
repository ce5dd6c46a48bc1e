"""What the names in logs mean: `Resolution` rows per called name, updated when the catalog changes.

A name is resolved per period of days, not per call: each period in which it means one thing has a row. Calls
before an alias moved count for the old entry, calls from that day on for the new one. The days on which the
entry of a name changes, or its region, become stale, so that their traffic is computed again.
"""

import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet

from dashboard.catalog.names.resolve import UNKNOWN, Deployments, Match, change_days, deployment_target, resolve
from dashboard.catalog.regions import region_in_name
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.db_lock import write_lock
from dashboard.findings.models import Resolution
from dashboard.usage.models import CalledName, DailyRollup, HourlyRollup, Source, StaleDay

__all__ = [
    "SET_ASIDE",
    "invalidate",
    "latest_calls_to",
    "names_set_aside",
    "refresh",
    "resolve_name",
    "with_resolution",
]

log = logging.getLogger(__name__)

BATCH = 500
BEGINNING, FOREVER = date.min, date.max
SET_ASIDE = "failed"
"""`Resolution.how` of a name whose resolution failed: it stays unresolved until the catalog changes."""
RESOLVED_FIELDS = ("platform", "model", "entry_id", "how", "region")

Days = tuple[date, date]
"""A first day, and the day after the last one."""


def refresh(snapshot: Snapshot, only: Q | None = None) -> int:
    """Resolve every name without a resolution or with one by an older catalog; return how many names changed
    their entry or region.

    Each transaction handles a bounded number of names. If one fails, its names are resolved one by one, and those
    that fail are set aside: unresolved, until the catalog changes. A second run does nothing. `only` narrows it to
    some `CalledName`s; the others wait for the next run.
    """
    changed = 0
    after = 0
    outdated = _outdated(snapshot)
    if only is not None:
        outdated = outdated.filter(pk__in=CalledName.objects.filter(only).values("pk"))
    while True:
        names = list(outdated.filter(pk__gt=after)[:BATCH])
        if not names:
            return changed
        after = names[-1].pk
        try:
            with write_lock():
                changed += _resolve(list(outdated.filter(pk__in=[name.pk for name in names])), snapshot)
        except (OperationalError, InterfaceError):
            raise  # the database has trouble, not a name
        except Exception:
            log.warning("Resolving %s names failed; they are resolved one by one", len(names), exc_info=True)
            changed += sum(_resolve_or_set_aside(name, snapshot) for name in names)


def names_set_aside() -> int:
    """How many names could not be resolved because of an error."""
    return Resolution.objects.filter(how=SET_ASIDE).values("name").distinct().count()


def resolve_name(
    name: CalledName, snapshot: Snapshot, on: date | None = None, deployments: Deployments | None = None
) -> Match:
    """What a name of a source means on a day (by default the snapshot's).

    `deployments` is the source's deployment map, so that a caller with many names builds it once.
    """
    return resolve(
        name.called_as,
        name.platform or name.source.platform,
        name.endpoint,
        snapshot.names,
        on=on or snapshot.as_of,
        deployments=name.source.deployments if deployments is None else deployments,
    )


def with_resolution(rollups: QuerySet) -> QuerySet:
    """Rollups with the relation `resolution`: what their name means on their day (`resolution__entry` and so on).

    It is null for names that are not resolved yet; no rollup is left out or repeated.
    """
    day = F("hour") / 24 if rollups.model is HourlyRollup else F("day")
    holds = Q(name__resolutions__from_day__lte=day, name__resolutions__to_day__gt=day)
    return rollups.annotate(resolution=FilteredRelation("name__resolutions", condition=holds))


def latest_calls_to(entry: int) -> Q:
    """A condition on `LatestCall`: the name meant the entry when the call was made."""
    day = F("at") / 86400
    return Q(
        name__resolutions__entry=entry,
        name__resolutions__from_day__lte=day,
        name__resolutions__to_day__gt=day,
    )


def invalidate(source: Source) -> int:
    """Make the next refresh resolve the names of a source again: its platform or deployment map changed."""
    return Resolution.objects.filter(name__source=source).update(catalog=0)


def _outdated(snapshot: Snapshot) -> QuerySet[CalledName]:
    """All rows of a name are written together, so one current row means that all are current."""
    current = Resolution.objects.filter(name=OuterRef("pk"), catalog__gte=max(snapshot.version, 1))
    return CalledName.objects.filter(~Exists(current)).select_related("source").order_by("pk")


def _resolve(names: list[CalledName], snapshot: Snapshot) -> int:
    known: dict[int, list[Resolution]] = defaultdict(list)
    for row in Resolution.objects.filter(name__in=[name.pk for name in names]).order_by("name", "from_day"):
        known[row.name_id].append(row)
    rows: list[Resolution] = []
    gone: list[int] = []
    changed = 0
    stale: dict[Days, list[int]] = defaultdict(list)
    maps: dict[int, Deployments] = {}
    for name in names:
        deployments = maps.setdefault(name.source_id, Deployments(name.source.deployments))
        fresh = _rows(name, snapshot, deployments)
        rows += fresh
        starts = {row.from_day for row in fresh}
        gone += [row.pk for row in known[name.pk] if row.from_day not in starts]
        moved = _moved(known[name.pk], fresh)
        changed += bool(moved)
        for days in moved:
            stale[days].append(name.pk)
    Resolution.objects.filter(pk__in=gone).delete()
    Resolution.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["name", "from_day"],
        update_fields=["to_day", "platform", "model", "entry", "how", "region", "catalog"],
    )
    _mark_stale(stale)
    return changed


def _resolve_or_set_aside(name: CalledName, snapshot: Snapshot) -> int:
    try:
        with write_lock():
            return _resolve([name], snapshot)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("The name with id %s cannot be resolved: it is set aside", name.pk)
    unresolved = {
        "to_day": FOREVER,
        "platform": name.platform or name.source.platform or UNKNOWN,
        "model": name.called_as or UNKNOWN,
        "entry": None,
        "how": SET_ASIDE,
        "region": "",
        "catalog": snapshot.version,
    }
    with write_lock():
        rows = Resolution.objects.filter(name=name)
        before = list(rows.order_by("from_day"))
        rows.exclude(from_day=BEGINNING).delete()
        row, _ = rows.update_or_create(name=name, from_day=BEGINNING, defaults=unresolved)
        moved = _moved(before, [row])
        _mark_stale({days: [name.pk] for days in moved})
        return bool(moved)


def _rows(name: CalledName, snapshot: Snapshot, deployments: Deployments) -> list[Resolution]:
    """One row for each period of days in which the name means one thing."""
    platform = name.platform or name.source.platform
    days = change_days(name.called_as, platform, snapshot.names, deployments=deployments)
    region = _region(name.called_as, platform, snapshot, deployments)
    rows: list[Resolution] = []
    for first, end in pairwise([BEGINNING, *days, FOREVER]):
        match = resolve_name(name, snapshot, first, deployments)
        values: dict[str, Any] = dict(
            zip(RESOLVED_FIELDS, (match.platform, match.model, match.entry, match.how, region), strict=True)
        )
        if rows and all(getattr(rows[-1], field) == value for field, value in values.items()):
            rows[-1].to_day = end
        else:
            rows.append(
                Resolution(name_id=name.pk, from_day=first, to_day=end, catalog=snapshot.version, **values)
            )
    return rows


def _region(called_as: str, platform: str, snapshot: Snapshot, deployments: Deployments) -> str:
    """The region of calls by this name: as the deployment it stands for states, else the name itself."""
    target = deployment_target(called_as, platform, snapshot.names, deployments)
    return region_in_name(target, platform) or region_in_name(called_as, platform)


def _moved(before: Sequence[Resolution], after: Sequence[Resolution]) -> list[Days]:
    """The periods of days in which the entry or the region changed; a name without rows meant nothing."""
    days = sorted({row.from_day for row in (*before, *after)})
    return [
        (first, end) for first, end in pairwise([*days, FOREVER]) if _meant(before, first) != _meant(after, first)
    ]


def _meant(rows: Sequence[Resolution], day: date) -> tuple[int, str] | None:
    """(entry, region); None for names without an entry, whose region does not matter."""
    position = bisect_right(rows, day, key=lambda row: row.from_day)
    row = rows[position - 1] if position else None
    return (row.entry_id, row.region) if row and row.entry_id else None


def _mark_stale(stale: dict[Days, list[int]]) -> None:
    """Mark the days in these periods on which the names were called."""
    for (first, end), names in stale.items():
        called = DailyRollup.objects.filter(name__in=names, day__gte=first, day__lt=end)
        days = called.order_by().values_list("day", flat=True).distinct()
        StaleDay.objects.bulk_create([StaleDay(day=day) for day in days])
