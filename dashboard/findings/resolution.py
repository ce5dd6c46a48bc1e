"""What the names in logs mean: one `Resolution` per called name, kept in step with the catalog.

A name is resolved once, not per call, as of the day it was last called on (a dated alias counts if it
held then). When its entry changes, the days it was called on become stale, so that the past follows.
"""

from datetime import date

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from dashboard.catalog.names import Deployments, Match, resolve
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.exclusive import exclusive
from dashboard.findings.models import Resolution
from dashboard.usage.models import CalledName, DailyRollup, Source, StaleDay

__all__ = ["invalidate", "meaning", "refresh"]

BATCH = 500


def refresh(snapshot: Snapshot, only: Q | None = None) -> int:
    """Resolve every name that has no resolution or one by an older catalog; return how many names changed entry.

    Works in transactions of a bounded number of names. Run twice, the second run does nothing. `only`
    narrows it to some `CalledName`s; the others wait for the next run.
    """
    changed = 0
    after = 0
    outdated = _outdated(snapshot)
    if only is not None:
        outdated = outdated.filter(only)
    while True:
        with exclusive():
            names = list(outdated.filter(pk__gt=after)[:BATCH])
            if not names:
                return changed
            changed += _resolve(names, snapshot)
        after = names[-1].pk


def meaning(
    name: CalledName, snapshot: Snapshot, last_day: date | None = None, deployments: Deployments | None = None
) -> Match:
    """What a name means on the last day it was called on (by default the snapshot's), to its own source.

    `deployments` is the source's map, for callers who ask about many of its names.
    """
    return resolve(
        name.called_as,
        name.platform or name.source.platform,
        name.endpoint,
        snapshot.names,
        on=min(last_day or snapshot.as_of, snapshot.as_of),
        deployments=name.source.deployments if deployments is None else deployments,
    )


def invalidate(source: Source) -> int:
    """Let the next refresh resolve the names of a source anew: its platform or deployment map changed."""
    return Resolution.objects.filter(name__source=source).update(catalog=0)


def _outdated(snapshot: Snapshot) -> QuerySet[CalledName]:
    last_day = DailyRollup.objects.filter(name=OuterRef("pk")).order_by("-day").values("day")[:1]
    return (
        CalledName.objects.filter(
            Q(resolution__isnull=True) | Q(resolution__catalog__lt=snapshot.version) | Q(resolution__catalog=0)
        )
        .select_related("source")
        .annotate(entry=F("resolution__entry"), last_day=Subquery(last_day))
        .order_by("pk")
    )


def _resolve(names: list, snapshot: Snapshot) -> int:
    rows = []
    changed = []
    maps: dict[int, Deployments] = {}
    for name in names:
        deployments = maps.setdefault(name.source_id, Deployments(name.source.deployments))
        match = meaning(name, snapshot, name.last_day, deployments)
        rows.append(
            Resolution(
                name_id=name.pk,
                platform=match.platform,
                model=match.model,
                entry_id=match.entry,
                how=match.how,
                catalog=snapshot.version,
            )
        )
        if match.entry != name.entry:
            changed.append(name.pk)
    Resolution.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["platform", "model", "entry", "how", "catalog"],
    )
    days = DailyRollup.objects.filter(name__in=changed).values_list("day", flat=True).distinct()
    StaleDay.objects.bulk_create([StaleDay(day=day) for day in days])
    return len(changed)
