"""Questions about findings. `as_of` comes first: it decides what was known and which day counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self, overload

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
from dashboard.findings.due_dates import DuePredicate, entry_due

if TYPE_CHECKING:
    from dashboard.findings.models import Finding
__all__ = ["DueKey", "FindingQuerySet", "FindingsByDue"]

DueKey = tuple[int, str, bool]
"""What a due date depends on: the entry, `regions` and `idle`."""
Group = tuple[date, str, str, int]
"""Findings on one entry that are due on one day: the day, platform, id and primary key of the entry."""


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
        and with what their due date depends on (`with_circumstances`).

        `snapshot` is the catalog as known on that day; `entries` narrows it to some. Other questions of this
        class build on this one.
        """
        found = self.existing_on(day, snapshot, entries).annotate(
            status_action=_current(
                "actions", "on", "superseded_on", day, Q(actions__kind__in=[a.value for a in STATUS_ACTIONS])
            ),
            period_number=F("open_period__number"),
            opened_on=F("open_period__opened_on"),
            status=_status(day),
            last_call_on=_last_call(day),
        )
        return found.with_due_key()

    def existing_on(self, day: date, snapshot: Snapshot, entries: Iterable[int] | None = None) -> Self:
        """`as_of` without what people decided, for counting many: only `resolved_on` is told."""
        if entries is None:
            # A catalog has a thousand retiring entries, few of which have findings: naming all would cost most.
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
        return self.annotate(**_circumstances(self._catalog))

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

        For nearly all entries the due date is everybody's; for the others, it is asked per circumstance.
        """
        known = self._catalog
        alike = [known.entries[pk] for pk in self.retiring if pk not in known.varying]
        same = [entry.pk for entry in alike if wanted(entry, due_date(entry))]
        there = self.for_entries(known.varying).due_keys() if known.varying else []
        chosen = [
            one for one in there if wanted(known.entries[one[0]], entry_due(known.entries[one[0]], *one[1:]))
        ]
        return self.filter(Q(entry__in=same) | _among(chosen))

    def due_keys(self) -> list[DueKey]:
        """The circumstances that there are."""
        return list(self.order_by().values_list("entry", "regions", "idle").distinct())

    def due_keys_by_pair(self) -> dict[tuple[int, int], DueKey]:
        """By application and entry: the circumstances of those on entries whose end varies. One query, or none."""
        varying = self._catalog.varying
        if not varying:
            return {}
        found = self.for_entries(varying).with_due_key().order_by()
        rows = found.values_list("application_id", "entry_id", "regions", "idle")
        return {(application, entry): (entry, regions, idle) for application, entry, regions, idle in rows}

    def by_due(self, counts: Mapping[DueKey, int] | None = None) -> "FindingsByDue":
        """Soonest due date first, then entry and application name; made for paging.

        `counts` says how many of them there are in each circumstance, where that is known.
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
    """The one row of a history that tells about `day`: begun by then and not yet followed by another."""
    condition = Q((f"{relation}__{start}__lte", day)) & (
        Q((f"{relation}__{end}__isnull", True)) | Q((f"{relation}__{end}__gt", day))
    )
    return FilteredRelation(relation, condition=condition & also if also else condition)


def _circumstances(snapshot: Snapshot) -> dict[str, Any]:
    """What tells findings on the same entry apart; looked up only for entries whose end varies."""
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
    """An expression for findings on some entries; for all others what is false of its kind."""
    none = Value("" if isinstance(kind, models.TextField) else False, output_field=kind)
    return Case(When(entry__in=entries, then=wanted), default=none, output_field=kind) if entries else none


def _among(circumstances: Iterable[DueKey]) -> Q:
    """Findings in one of these; as few conditions as there are entries, since databases bound their number."""
    regions: dict[tuple[int, bool], list[str]] = defaultdict(list)
    for entry, served, idle in circumstances:
        regions[entry, idle].append(served)
    found = Q()
    for (entry, idle), some in regions.items():
        found |= Q(entry=entry, idle=idle, regions__in=some)
    return found


def _status(day: date) -> Case:
    """`rules.status_on` in SQL."""
    fresh = Q(status_action__on__gte=F("open_period__opened_on"))
    return Case(
        When(open_period__resolved_on__lte=day, then=Value(Status.RESOLVED.value)),
        When(status_action__kind="exempt", then=Value(Status.EXEMPT.value)),
        When(fresh & Q(status_action__kind="acknowledge"), then=Value(Status.ACKNOWLEDGED.value)),
        When(
            fresh & Q(status_action__kind="snooze", status_action__until__gt=day), then=Value(Status.SNOOZED.value)
        ),
        When(open_period__number__gt=0, then=Value(Status.REGRESSED.value)),
        default=Value(Status.OPEN.value),
        output_field=models.CharField(),
    )


def _last_call(day: date) -> Subquery:
    from dashboard.findings.models import Traffic  # models are built on this module

    called = Traffic.objects.filter(
        Q(calls__gt=0) | Q(calls=None),
        application=OuterRef("application"),
        entry=OuterRef("entry"),
        day__lte=day,
    )
    return Subquery(called.order_by("-day").values("day")[:1], output_field=DayField())


class FindingsByDue(Sequence["Finding"]):
    """Findings in order of due date, sliced without sorting them all; a `Paginator` takes it.

    Due dates follow from the catalog snapshot, not from a table. Counting findings per entry and circumstance
    tells which of these a slice falls into; only their rows are read.
    """

    def __init__(
        self, findings: FindingQuerySet, snapshot: Snapshot, counts: Mapping[DueKey, int] | None = None
    ) -> None:
        self.findings = findings
        if counts is None:
            there = ("entry", "regions", "idle")
            rows = findings.order_by().values(*there).annotate(n=Count("pk")).values_list(*there, "n")
            counts = {(pk, regions, idle): n for pk, regions, idle, n in rows}
        groups: dict[Group, int] = defaultdict(int)
        self._held: dict[Group, list[tuple[str, bool]]] = defaultdict(list)
        for (pk, regions, idle), count in counts.items():
            entry = snapshot.entries[pk]
            found = entry_due(entry, regions, idle)
            key = (found.on if found else date.max, entry.platform, entry.id, pk)
            groups[key] += count
            self._held[key].append((regions, idle))
        self._counts = sorted(groups.items())
        self._length = sum(groups.values())
        self._varying = snapshot.varying

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator["Finding"]:
        # A sequence's own iteration would ask for one row at a time.
        return iter(self._rows(0, self._length))

    @overload
    def __getitem__(self, index: int) -> "Finding": ...
    @overload
    def __getitem__(self, index: slice) -> "list[Finding]": ...
    def __getitem__(self, index: int | slice) -> "Finding | list[Finding]":
        if isinstance(index, slice):
            start, stop, step = index.indices(self._length)
            return self._rows(start, stop)[::step] if step > 0 else self._rows(0, self._length)[index]
        start = range(self._length)[index]
        return self._rows(start, start + 1)[0]

    def _rows(self, start: int, stop: int) -> "list[Finding]":
        """At most three queries: the groups that a slice holds whole, and the two it may cut."""
        whole: dict[Group, list[Finding]] = {}
        cut: dict[Group, list[Finding]] = {}
        position = 0
        for group, count in self._counts:
            low, high = max(start - position, 0), min(stop - position, count)
            if (low, high) == (0, count):
                whole[group] = []
            elif low < high:
                cut[group] = list(self._of([group])[low:high])
            position += count
        places = {(g[-1], *held): g for g in whole for held in self._held[g]}
        for finding in self._of(whole) if whole else ():
            whole[places[finding.entry_id, finding.regions, finding.idle]].append(finding)
        return [row for group, _ in self._counts for row in whole.get(group, []) or cut.get(group, [])]

    def _of(self, groups: Collection[Group]) -> FindingQuerySet:
        same = Q(entry__in=[pk for *_, pk in groups if pk not in self._varying])
        parted = _among((g[-1], *held) for g in groups if g[-1] in self._varying for held in self._held[g])
        found = self.findings.filter(same | parted).select_related("application", "entry__platform")
        return found.order_by("application__name", "pk")
