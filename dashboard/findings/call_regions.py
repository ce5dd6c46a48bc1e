"""Where the calls of findings are served: the scan updates `CallRegions` rows from traffic.

Only for entries whose end has a date of its own in some region; for all others regions make no difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from django.db import connection

from dashboard.catalog.lifecycle import lies_in
from dashboard.catalog.regions import ENDS
from dashboard.catalog.snapshot import Snapshot
from dashboard.core.fields import EPOCH
from dashboard.findings import lifecycle
from dashboard.findings.models import CallRegions, Finding
from dashboard.findings.traffic.source_coverage import COVERAGE_DAYS

__all__ = ["join_regions", "regions_by_entry", "rewrite_call_regions"]

Pair = tuple[int, int]

CALLED = """
SELECT t.application_id, t.entry_id, t.day, t.regions
FROM findings_stalepair p
JOIN findings_traffic t ON t.application_id = p.application_id AND t.entry_id = p.entry_id
WHERE p.id BETWEEN %s AND %s AND p.entry_id IN ({entries})
  AND t.is_call
ORDER BY t.application_id, t.entry_id, t.day
"""


def join_regions(regions: Iterable[str]) -> str:
    """Regions as they are stored in a column."""
    return ",".join(sorted(regions))


def regions_by_entry(entries: Iterable[int], snapshot: Snapshot) -> dict[int, str]:
    """The regions in which an entry's end has a date of its own, per entry that has some.

    A withdrawn date still counts, for the past.
    """
    regions = {
        pk: join_regions({step.region for step in snapshot.entries[pk].steps if step.kind in ENDS and step.region})
        for pk in entries
    }
    return {pk: joined for pk, joined in regions.items() if joined}


def rewrite_call_regions(
    first: int, last: int, findings: Mapping[Pair, Finding], own_regions: Mapping[int, str]
) -> None:
    """Update the rows of some findings: those of the stale pairs with primary keys from `first` to `last`.

    `own_regions` is the answer of `regions_by_entry`.
    """
    fresh = {
        findings[pair].pk: _rows(findings[pair], days)
        for pair, days in _regions_by_day(first, last, own_regions).items()
        if pair in findings
    }
    stored: dict[int, list[tuple[date, date | None, str]]] = defaultdict(list)
    pks = [finding.pk for finding in findings.values()]
    for row in CallRegions.objects.filter(finding__in=pks).order_by("finding", "from_on"):
        stored[row.finding_id].append((row.from_on, row.until_on, row.regions))
    changed = [
        pk
        for pk in stored.keys() | fresh.keys()
        if stored.get(pk, []) != [(r.from_on, r.until_on, r.regions) for r in fresh.get(pk, [])]
    ]
    CallRegions.objects.filter(finding__in=changed).delete()
    CallRegions.objects.bulk_create([row for pk in changed for row in fresh.get(pk, [])], batch_size=1000)


def _regions_by_day(
    first: int, last: int, own_regions: Mapping[int, str]
) -> dict[Pair, list[tuple[date, frozenset[str]]]]:
    """Per pair: its days with calls in order, each with the regions that make a difference."""
    days: dict[Pair, list[tuple[date, frozenset[str]]]] = defaultdict(list)
    if not own_regions:
        return days
    own = {entry: regions.split(",") for entry, regions in own_regions.items()}
    with connection.cursor() as cursor:
        cursor.execute(CALLED.format(entries=", ".join(str(int(entry)) for entry in own)), [first, last])
        for application, entry, number, stated in cursor.fetchall():
            regions = frozenset(
                region if region and any(lies_in(other, region) for other in own[entry]) else ""
                for region in (stated or "").split(",")
            )
            days[application, entry].append((EPOCH + timedelta(days=number), regions))
    return days


def _rows(finding: Finding, days: list[tuple[date, frozenset[str]]]) -> list[CallRegions]:
    periods = lifecycle.region_periods(days, COVERAGE_DAYS)
    ends: list[date | None] = [since for since, _ in periods[1:]]
    return [
        CallRegions(finding=finding, from_on=since, until_on=until, regions=join_regions(regions))
        for (since, regions), until in zip(periods, [*ends, None], strict=False)
        if regions != {""}
    ]
