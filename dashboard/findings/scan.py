"""The scan: resolve names, refill traffic, and rewrite the open periods of findings whose calls changed.

It may be killed at any point and run again, or run in two processes at once: the remaining work is in tables
(`StaleDay`, `StalePair`), and each step deletes the rows it has done in its own transaction.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Max

from dashboard.catalog import snapshot as catalog
from dashboard.core import jobs
from dashboard.core.fields import EPOCH, day_of
from dashboard.findings import call_regions, lifecycle, name_resolution
from dashboard.findings.db_lock import write_lock
from dashboard.findings.models import EntryTraffic, Finding, OpenPeriod, ScannedEntry, StalePair
from dashboard.findings.traffic import daily
from dashboard.findings.traffic.source_coverage import ReportedDays, sources_of_calls

__all__ = ["ScanResult", "run"]

BATCH = 2000
AHEAD = timedelta(days=366)

# `lifecycle.is_gap` in SQL: only the first and last days of call periods leave the database.
EDGES = """
SELECT application_id, entry_id, day, previous, following FROM (
    SELECT t.application_id, t.entry_id, t.day,
        LAG(t.day) OVER w AS previous, LEAD(t.day) OVER w AS following
    FROM findings_stalepair p
    JOIN findings_traffic t ON t.application_id = p.application_id AND t.entry_id = p.entry_id
    WHERE p.id BETWEEN %s AND %s
      AND t.is_call
    WINDOW w AS (PARTITION BY t.application_id, t.entry_id ORDER BY t.day)
) AS calls
WHERE previous IS NULL OR following IS NULL OR day - previous > %s OR following - day > %s
ORDER BY application_id, entry_id, day
"""
MARK_CALLERS = """
INSERT INTO findings_stalepair (application_id, entry_id)
SELECT DISTINCT t.application_id, t.entry_id FROM findings_traffic t WHERE t.entry_id = %s
ON CONFLICT (application_id, entry_id) DO NOTHING
"""
MARK_QUIET = """
INSERT INTO findings_stalepair (application_id, entry_id)
SELECT f.application_id, f.entry_id FROM findings_openperiod p JOIN findings_finding f ON f.id = p.finding_id
WHERE p.resolved_on IS NULL AND p.last_call_on < %s
ON CONFLICT (application_id, entry_id) DO NOTHING
"""

Pair = tuple[int, int]
"""Primary keys of an application and an entry."""
EndedPeriods = list[tuple[lifecycle.CallPeriod, date | None]]
"""Call periods, each with the day it ended; None if it did not."""


@dataclass(slots=True)
class ScanResult:
    """What a scan changed: names whose entry changed, days refilled, and findings as of its day."""

    resolved_names: int = 0
    days: int = 0
    opened: int = 0
    regressed: int = 0
    resolved: int = 0


def run(now: datetime, as_of: date) -> ScanResult:
    """Update findings from usage and catalog; a second run changes nothing.

    Open periods are computed from all usage there is, even after `as_of` (which may be a pinned today): they
    carry days, so the state on any day follows from them. `as_of` only decides what the result counts.
    """
    result = ScanResult()
    result.resolved_names = name_resolution.refresh(catalog.load(as_of))
    jobs.record_notice("names", name_resolution.names_set_aside(), now)
    stale = daily.stale_days()
    result.days = len(stale)
    daily.refill_stale_days(
        _horizon(as_of, max(stale, default=None)) - timedelta(days=settings.SUNDIAL_QUIET_DAYS)
    )
    horizon = _horizon(as_of)
    known = _known_days(as_of, horizon)
    regional = call_regions.regions_by_entry(known, catalog.load(horizon))
    _queue(known, regional, horizon)
    while _evaluate(known, regional, horizon, now, as_of, result):
        pass
    return result


def _horizon(as_of: date, coming: date | None = None) -> date:
    """The day before which days count as over: today, or the day after the newest usage if that is later.

    `coming` is the newest day whose traffic is about to be refilled.
    """
    last = EntryTraffic.objects.aggregate(last=Max("day"))["last"]
    days = [min(day + timedelta(days=1), as_of + AHEAD) for day in (last, coming) if day]
    return max([as_of, *days])


def _known_days(as_of: date, horizon: date) -> dict[int, date]:
    """Per retiring entry: the day its sunset was first announced."""
    known: dict[int, date] = {}
    for day in {as_of, horizon}:
        for pk, entry in catalog.load(day).retiring.items():
            if entry.first_known_on:
                known[pk] = min(known.get(pk, entry.first_known_on), entry.first_known_on)
    return known


def _queue(known: dict[int, date], regional: dict[int, str], horizon: date) -> None:
    """Mark every pair as stale whose finding may change although its traffic did not."""
    quiet_days = settings.SUNDIAL_QUIET_DAYS
    with write_lock(), connection.cursor() as cursor:
        StalePair.objects.exclude(entry__in=known).delete()
        ScannedEntry.objects.exclude(entry__in=known).delete()
        scanned = {row.pk: (row.known_on, row.quiet_days, row.regions) for row in ScannedEntry.objects.all()}
        current = {pk: (day, quiet_days, regional.get(pk, "")) for pk, day in known.items()}
        changed = {pk: row for pk, row in current.items() if scanned.get(pk) != row}
        for pk in changed:
            cursor.execute(MARK_CALLERS, [pk])
        ScannedEntry.objects.bulk_create(
            [
                ScannedEntry(entry_id=pk, known_on=day, quiet_days=quiet, regions=regions)
                for pk, (day, quiet, regions) in changed.items()
            ],
            update_conflicts=True,
            unique_fields=["entry"],
            update_fields=["known_on", "quiet_days", "regions"],
        )
        cursor.execute(MARK_QUIET, [(horizon - EPOCH).days - quiet_days])


def _evaluate(
    known: dict[int, date],
    regional: dict[int, str],
    horizon: date,
    now: datetime,
    as_of: date,
    result: ScanResult,
) -> bool:
    """Evaluate the next batch of stale pairs and delete their rows; False if there are none."""
    with write_lock():
        rows = list(StalePair.objects.order_by("pk").values_list("pk", "application_id", "entry_id")[:BATCH])
        if not rows:
            return False
        first, last = rows[0][0], rows[-1][0]
        pairs = [(application, entry) for _, application, entry in rows]
        ended = _ended_periods(first, last, horizon)
        fresh = {
            pair: lifecycle.open_periods(ended.get(pair, []), known[pair[1]]) if pair[1] in known else ()
            for pair in pairs
        }
        findings = _write(fresh, ended, now, as_of, result)
        call_regions.rewrite_call_regions(first, last, findings, regional)
        StalePair.objects.filter(pk__range=(first, last)).delete()
        return True


def _ended_periods(first: int, last: int, horizon: date) -> dict[Pair, EndedPeriods]:
    """Per pair of the batch: its call periods in order, each with the day it ended (None: it did not)."""
    quiet_days = settings.SUNDIAL_QUIET_DAYS
    edges: dict[Pair, list[lifecycle.CallEdge]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(EDGES, [first, last, quiet_days, quiet_days])
        for application, entry, day, previous, following in cursor.fetchall():
            before = None if previous is None else day_of(previous)
            after = None if following is None else day_of(following)
            edges[application, entry].append((before, day_of(day), after))
    gaps = {
        pair: lifecycle.gaps_after(lifecycle.call_periods(days, quiet_days), horizon)
        for pair, days in edges.items()
    }
    # Only a period with a long enough gap after it can have ended; its sources are looked up.
    last_calls = {
        (*pair, period.last)
        for pair, some in gaps.items()
        for period, until in some
        if lifecycle.is_gap(period.last, until, quiet_days)
    }
    sources = sources_of_calls(last_calls)
    reports = ReportedDays(min((last for _, _, last in last_calls), default=horizon))

    def ended_on(pair: Pair, period: lifecycle.CallPeriod, until: date) -> date | None:
        key = (*pair, period.last)
        if key not in last_calls:
            return None
        reported = reports.common_days(sources.get(key, frozenset()))
        return lifecycle.quiet_since(period.last, until, reported, quiet_days)

    return {pair: [(p, ended_on(pair, p, until)) for p, until in some] for pair, some in gaps.items()}


def _write(
    fresh: dict[Pair, tuple[lifecycle.Period, ...]],
    ended: dict[Pair, EndedPeriods],
    now: datetime,
    as_of: date,
    result: ScanResult,
) -> dict[Pair, Finding]:
    """Store the open periods of the pairs, with a new finding where there was none; return the findings."""
    findings = _findings(fresh)
    stored: dict[int, list[lifecycle.Period]] = defaultdict(list)
    pks = [finding.pk for finding in findings.values()]
    for row in OpenPeriod.objects.filter(finding__in=pks).order_by("finding", "number"):
        stored[row.finding_id].append(
            lifecycle.Period(row.number, row.opened_on, row.last_call_on, row.resolved_on)
        )
    missing = [pair for pair, periods in fresh.items() if periods and pair not in findings]
    created = Finding.objects.bulk_create(
        Finding(
            application_id=pair[0],
            entry_id=pair[1],
            created_at=now,
            first_seen=ended[pair][0][0].first,
            last_seen=ended[pair][-1][0].last,
        )
        for pair in missing
    )
    findings |= {(finding.application_id, finding.entry_id): finding for finding in created}
    moved = []
    rewritten: list[int] = []
    rows: list[OpenPeriod] = []
    for pair, finding in findings.items():
        periods = fresh[pair]
        if pair in ended:
            first_last = (ended[pair][0][0].first, ended[pair][-1][0].last)
            if first_last != (finding.first_seen, finding.last_seen):
                finding.first_seen, finding.last_seen = first_last
                moved.append(finding)
        if tuple(stored[finding.pk]) == periods:
            continue
        _count(stored[finding.pk], periods, as_of, result)
        rewritten.append(finding.pk)
        next_opened: list[date | None] = [period.opened_on for period in periods[1:]] + [None]
        rows += [
            OpenPeriod(
                finding=finding,
                number=period.number,
                opened_on=period.opened_on,
                last_call_on=period.last_call_on,
                resolved_on=period.resolved_on,
                next_opened_on=next_opened_on,
            )
            for period, next_opened_on in zip(periods, next_opened[: len(periods)], strict=True)
        ]
    Finding.objects.bulk_update(moved, ["first_seen", "last_seen"], batch_size=200)
    OpenPeriod.objects.filter(finding__in=rewritten).delete()
    OpenPeriod.objects.bulk_create(rows, batch_size=1000)
    return findings


def _findings(pairs: Iterable[Pair]) -> dict[Pair, Finding]:
    wanted = set(pairs)
    rows = Finding.objects.filter(application__in={a for a, _ in wanted}, entry__in={e for _, e in wanted})
    return {key: f for f in rows if (key := (f.application_id, f.entry_id)) in wanted}


def _count(
    old: Iterable[lifecycle.Period], new: Iterable[lifecycle.Period], as_of: date, result: ScanResult
) -> None:
    """Add what became visible by `as_of` to the result."""
    known = {period.number: period for period in old}
    for period in new:
        before = known.get(period.number)
        if period.opened_on <= as_of and not before:
            if period.number:
                result.regressed += 1
            else:
                result.opened += 1
        if period.resolved_on and period.resolved_on <= as_of and not (before and before.resolved_on):
            result.resolved += 1
