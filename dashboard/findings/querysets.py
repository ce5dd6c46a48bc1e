"""Questions about findings. Call `as_of` first: it fixes the day and what was known on it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Count,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from dashboard.catalog.regions import ENDS, IDLE_DAYS, due_date
from dashboard.catalog.snapshot import Snapshot
from dashboard.core.fields import DayField
from dashboard.findings.choices import STATUS_ACTIONS, Status
from dashboard.findings.deadlines.due_order import DueKey, FindingsByDue, with_due_key_in
from dashboard.findings.due_dates import DuePredicate, entry_due

__all__ = ["DueKey", "FindingQuerySet", "FindingsByDue", "sql_status"]


class FindingQuerySet(QuerySet):
    """Findings, narrowed step by step; `retiring` are the entries that they are about."""

    snapshot: Snapshot | None = None
    retiring: Collection[int] = ()

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone.snapshot, clone.retiring = self.snapshot, self.retiring
        return clone

    def as_of(self, day: date, snapshot: Snapshot, entries: Iterable[int] | None = None) -> Self:
        """Findings known on `day`, alive or resolved, with `status`, `opened_on`, `resolved_on`, `last_call_on`,
        and what their due date depends on (`with_due_key`).

        `snapshot` is the catalog as known on that day; `entries` narrows it to some entries. The other methods
        need this one first.
        """
        found = self.existing_on(day, snapshot, entries).annotate(
            status_action=_current(
                "actions", "on", "superseded_on", day, Q(actions__kind__in=[a.value for a in STATUS_ACTIONS])
            ),
            period_number=F("open_period__number"),
            opened_on=F("open_period__opened_on"),
            status=sql_status(day),
            last_call_on=_last_call(day),
        )
        return found.with_due_key()

    def existing_on(self, day: date, snapshot: Snapshot, entries: Iterable[int] | None = None) -> Self:
        """`as_of` without statuses, for counting many findings: annotates only `resolved_on`."""
        if entries is None:
            # A catalog has a thousand retiring entries, few of which have findings: a list of all would be slow.
            entries = self.order_by().values_list("entry_id", flat=True).distinct()
        retiring = [pk for pk in entries if pk in snapshot.retiring]
        found = (
            self.filter(entry__in=retiring)
            .annotate(open_period=_current("open_periods", "opened_on", "next_opened_on", day))
            .filter(open_period__isnull=False)
            .annotate(
                resolved_on=Case(
                    When(open_period__resolved_on__lte=day, then=F("open_period__resolved_on")),
                    output_field=DayField(),
                ),
            )
        )
        found.snapshot, found.retiring = snapshot, retiring
        return found

    def with_due_key(self) -> Self:
        """With what their due date depends on: `regions` (joined by commas) and `idle`.

        Constant for entries whose end is the same for everybody: nothing is looked up for them.
        """
        return self.annotate(**_due_key(self._catalog))

    def alive(self) -> Self:
        """Not resolved: the application still calls the entry."""
        return self.filter(resolved_on__isnull=True)

    def with_status(self, *statuses: str) -> Self:
        return self.filter(status__in=statuses)

    def for_application(self, application: Any) -> Self:
        return self.filter(application=application)

    def for_applications(self, applications: Iterable[int]) -> Self:
        return self.filter(application__in=list(applications))

    def for_entries(self, entries: Iterable[int]) -> Self:
        return self.filter(entry__in=list(entries))

    def on_platform(self, slug: str) -> Self:
        return self.filter(entry__platform__slug=slug)

    def of_team(self, team: str) -> Self:
        return self.filter(application__team=team)

    def due_within(self, days: int) -> Self:
        """They are due in at most so many days, or were."""
        return self.due_matching(lambda _entry, due: due is not None and due.days_left <= days)

    def due_matching(self, wanted: DuePredicate) -> Self:
        """Those whose entry and due date are as wanted.

        Nearly all entries have one due date for every application; for the others, each due key is tested.
        """
        known = self._catalog
        constant = [known.entries[pk] for pk in self.retiring if pk not in known.varying]
        entries = [entry.pk for entry in constant if wanted(entry, due_date(entry))]
        keys = self.for_entries(known.varying).due_keys() if known.varying else []
        chosen = [
            (pk, regions, idle)
            for pk, regions, idle in keys
            if wanted(known.entries[pk], entry_due(known.entries[pk], regions, idle))
        ]
        return self.filter(Q(entry__in=entries) | with_due_key_in(chosen))

    def due_keys(self) -> list[DueKey]:
        """Their distinct due keys."""
        return list(self.order_by().values_list("entry", "regions", "idle").distinct())

    def due_keys_by_pair(self) -> dict[tuple[int, int], DueKey]:
        """By application and entry: the due keys of findings on entries whose end varies. One query, or none."""
        varying = self._catalog.varying
        if not varying:
            return {}
        found = self.for_entries(varying).with_due_key().order_by()
        rows = found.values_list("application_id", "entry_id", "regions", "idle")
        return {(application, entry): (entry, regions, idle) for application, entry, regions, idle in rows}

    def by_due(self, counts: Mapping[DueKey, int] | None = None) -> "FindingsByDue":
        """Soonest due date first, then entry and application name; made for paging.

        `counts` is the number of findings per due key, if the caller knows it.
        """
        return FindingsByDue(self, self._catalog, counts)

    def status_counts(self) -> dict[str, int]:
        """How many findings have each status; every status is there."""
        rows = self.order_by().values("status").annotate(n=Count("pk")).values_list("status", "n")
        return dict.fromkeys(Status.values, 0) | dict(rows)

    @property
    def _catalog(self) -> Snapshot:
        if self.snapshot is None:
            raise TypeError("Ask as_of() first: due dates are known by day")
        return self.snapshot


def _current(relation: str, start: str, end: str, day: date, also: Q | None = None) -> FilteredRelation:
    """The row of a history that applies on `day`: it has begun, and the next one has not."""
    condition = Q((f"{relation}__{start}__lte", day)) & (
        Q((f"{relation}__{end}__isnull", True)) | Q((f"{relation}__{end}__gt", day))
    )
    return FilteredRelation(relation, condition=condition & also if also else condition)


def _due_key(snapshot: Snapshot) -> dict[str, Any]:
    """The columns `regions` and `idle` of a due key; looked up only for entries whose end varies."""
    from dashboard.findings.models import CallRegions  # models are built on this module

    day, ends = snapshot.as_of, snapshot.varying.items()
    regional = [pk for pk, entry in ends if any(s.region for s in entry.steps if s.kind in ENDS)]
    closing = [pk for pk, entry in ends if any(s.kind == "lockout" for s in entry.steps)]
    served = CallRegions.objects.filter(
        Q(until_on=None) | Q(until_on__gt=day), finding=OuterRef("pk"), from_on__lte=day
    )
    idle = LessThanOrEqual(_last_call(day), Value(day - timedelta(days=IDLE_DAYS), output_field=DayField()))
    return {
        "regions": _only_of(
            regional, Coalesce(Subquery(served.values("regions")[:1]), Value("")), models.TextField()
        ),
        "idle": _only_of(closing, Case(When(idle, then=Value(True)), default=Value(False)), BooleanField()),
    }


def _only_of(entries: Collection[int], wanted: Any, kind: models.Field) -> Any:
    """An expression for findings on some entries; for all others the false value of its type."""
    none = Value("" if isinstance(kind, models.TextField) else False, output_field=kind)
    return Case(When(entry__in=entries, then=wanted), default=none, output_field=kind) if entries else none


def sql_status(day: date) -> Case:
    """The status of a finding on a day, in SQL: the mirror of `lifecycle.status_on`, which is the rule.

    A property test (tests/findings/test_querysets.py) holds the two equal.
    """
    in_this_period = Q(status_action__on__gte=F("open_period__opened_on"))
    return Case(
        When(open_period__resolved_on__lte=day, then=Value(Status.RESOLVED.value)),
        When(status_action__kind="exempt", then=Value(Status.EXEMPT.value)),
        When(in_this_period & Q(status_action__kind="acknowledge"), then=Value(Status.ACKNOWLEDGED.value)),
        When(
            in_this_period & Q(status_action__kind="snooze", status_action__until__gt=day),
            then=Value(Status.SNOOZED.value),
        ),
        When(open_period__number__gt=0, then=Value(Status.REGRESSED.value)),
        default=Value(Status.OPEN.value),
        output_field=models.CharField(),
    )


def _last_call(day: date) -> Subquery:
    from dashboard.findings.models import Traffic  # models are built on this module

    calls = Traffic.objects.filter(
        is_call=True, application=OuterRef("application"), entry=OuterRef("entry"), day__lte=day
    )
    return Subquery(calls.order_by("-day").values("day")[:1], output_field=DayField())
