"""Questions about findings. `as_of` comes first: it decides what was known and which day counts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Self, overload

from django.db import models
from django.db.models import Case, Count, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value, When

from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.choices import DECISIVE, Status
from dashboard.kit.fields import DayField

if TYPE_CHECKING:
    from dashboard.findings.models import Finding

__all__ = ["DueOrder", "FindingQuerySet"]


class FindingQuerySet(QuerySet):
    """Findings, narrowed step by step."""

    snapshot: Snapshot | None = None

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone.snapshot = self.snapshot
        return clone

    def as_of(self, day: date, snapshot: Snapshot, entries: Iterable[int] | None = None) -> Self:
        """Findings known on `day`, alive or resolved, with `status`, `opened_on`, `resolved_on`, `last_call_on`.

        `snapshot` is the catalog as known on that day; `entries` narrows it to some. Other questions of this
        class build on this one.
        """
        return self.seen_by(day, snapshot, entries).annotate(
            decision=_current(
                "actions", "on", "superseded_on", day, Q(actions__kind__in=[a.value for a in DECISIVE])
            ),
            spell_number=F("spell__number"),
            opened_on=F("spell__opened_on"),
            status=_status(day),
            last_call_on=_last_call(day),
        )

    def seen_by(self, day: date, snapshot: Snapshot, entries: Iterable[int] | None = None) -> Self:
        """`as_of` without what people decided, for counting many: only `resolved_on` is told."""
        if entries is None:
            # A catalog has a thousand retiring entries, few of which have findings: naming all would cost most.
            entries = self.order_by().values_list("entry_id", flat=True).distinct()
        found = (
            self.filter(entry__in=[pk for pk in entries if pk in snapshot.retiring])
            .annotate(spell=_current("spells", "opened_on", "succeeded_on", day))
            .filter(spell__isnull=False)
            .annotate(
                resolved_on=Case(
                    When(spell__resolved_on__lte=day, then=F("spell__resolved_on")), output_field=DayField()
                ),
            )
        )
        found.snapshot = snapshot
        return found

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
        """The sunset is at most so many days away, or past."""
        retiring = self._catalog.retiring.values()
        return self.for_entries(e.pk for e in retiring if e.days_left is not None and e.days_left <= days)

    def by_due(self, counts: Mapping[int, int] | None = None) -> "DueOrder":
        """Soonest sunset first, then entry and application name; made for paging.

        `counts` says how many of them each entry has, where that is known.
        """
        return DueOrder(self, self._catalog, counts)

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


def _status(day: date) -> Case:
    """`rules.status_on` in SQL."""
    fresh = Q(decision__on__gte=F("spell__opened_on"))
    return Case(
        When(spell__resolved_on__lte=day, then=Value(Status.RESOLVED.value)),
        When(decision__kind="exempt", then=Value(Status.EXEMPT.value)),
        When(fresh & Q(decision__kind="acknowledge"), then=Value(Status.ACKNOWLEDGED.value)),
        When(fresh & Q(decision__kind="snooze", decision__until__gt=day), then=Value(Status.SNOOZED.value)),
        When(spell__number__gt=0, then=Value(Status.REGRESSED.value)),
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


class DueOrder(Sequence["Finding"]):
    """Findings in order of due date, sliced without sorting them all; a `Paginator` takes it.

    Due dates live in the catalog snapshot, not in the table. Counting findings per entry tells which
    entries a slice falls into; only their rows are read.
    """

    def __init__(
        self, findings: FindingQuerySet, snapshot: Snapshot, counts: Mapping[int, int] | None = None
    ) -> None:
        self.findings = findings
        if counts is None:
            counts = dict(findings.order_by().values("entry").annotate(n=Count("pk")).values_list("entry", "n"))
        entries = sorted(
            (snapshot.entries[pk] for pk in counts), key=lambda e: (e.sunset_on or date.max, e.platform, e.id)
        )
        self._counts = [(entry.pk, counts[entry.pk]) for entry in entries]
        self._length = sum(counts.values())

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
        """At most three queries: the entries that a slice holds whole, and the two it may cut."""
        whole: dict[int, list[Finding]] = {}
        cut: dict[int, list[Finding]] = {}
        position = 0
        for entry, count in self._counts:
            low, high = max(start - position, 0), min(stop - position, count)
            if (low, high) == (0, count):
                whole[entry] = []
            elif low < high:
                cut[entry] = list(self._of([entry])[low:high])
            position += count
        for finding in self._of(whole) if whole else ():
            whole[finding.entry_id].append(finding)
        return [row for entry, _ in self._counts for row in whole.get(entry, []) or cut.get(entry, [])]

    def _of(self, entries: Iterable[int]) -> FindingQuerySet:
        found = self.findings.for_entries(entries).select_related("application", "entry__platform")
        return found.order_by("application__name", "pk")
