"""Where the calls of findings are served: `CallRegions` rows, kept in step with traffic by the scan.

Only for entries whose end has a day of its own in some region; for all others it makes no difference.
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
from dashboard.findings.source_coverage import COVERAGE_DAYS
from dashboard.findings.traffic.daily import IS_CALL

__all__ = ["join_regions", "regions_by_entry", "rewrite_call_regions"]

Pair = tuple[int, int]

CALLED = """
SELECT t.application_id, t.entry_id, t.day, t.regions
FROM findings_stalepair p
JOIN findings_traffic t ON t.application_id = p.application_id AND t.entry_id = p.entry_id
WHERE p.id BETWEEN %s AND %s AND p.entry_id IN ({entries})
  AND {is_call}
ORDER BY t.application_id, t.entry_id, t.day
"""


def join_regions(regions: Iterable[str]) -> str:
    """Regions as a column holds them."""
    return ",".join(sorted(regions))


def regions_by_entry(entries: Iterable[int], snapshot: Snapshot) -> dict[int, str]:
    """Per entry with an end by region: these regions. A date that was taken back counts for the past."""
    found = {
        pk: join_regions({step.region for step in snapshot.entries[pk].steps if step.kind in ENDS and step.region})
        for pk in entries
    }
    return {pk: regions for pk, regions in found.items() if regions}


def rewrite_call_regions(
    first: int, last: int, findings: Mapping[Pair, Finding], told_apart: Mapping[int, str]
) -> None:
    """Write anew where calls are served, for the findings of the pairs that are listed under these keys."""
    fresh = {
        findings[pair].pk: _rows(findings[pair], days)
        for pair, days in _called(first, last, told_apart).items()
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


def _called(first: int, last: int, told_apart: Mapping[int, str]) -> dict[Pair, list[tuple[date, frozenset[str]]]]:
    """Per pair: its calling days in order, each with the regions that make a difference."""
    called: dict[Pair, list[tuple[date, frozenset[str]]]] = defaultdict(list)
    if not told_apart:
        return called
    own = {entry: regions.split(",") for entry, regions in told_apart.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            CALLED.format(is_call=IS_CALL, entries=", ".join(str(int(entry)) for entry in own)), [first, last]
        )
        for application, entry, number, told in cursor.fetchall():
            regions = frozenset(
                region if region and any(lies_in(one, region) for one in own[entry]) else ""
                for region in (told or "").split(",")
            )
            called[application, entry].append((EPOCH + timedelta(days=number), regions))
    return called


def _rows(finding: Finding, days: list[tuple[date, frozenset[str]]]) -> list[CallRegions]:
    found = lifecycle.region_periods(days, COVERAGE_DAYS)
    ends: list[date | None] = [since for since, _ in found[1:]]
    return [
        CallRegions(finding=finding, from_on=since, until_on=until, regions=join_regions(regions))
        for (since, regions), until in zip(found, [*ends, None], strict=False)
        if regions != {""}
    ]
