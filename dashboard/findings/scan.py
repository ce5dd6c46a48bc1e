"""From usage and catalog to findings: resolve names, refill sums, rewrite the periods of what changed.

Everything here can be killed at any point and run again, or run by two processes at once: what is left
to do lies in tables (`StaleDay`, `StalePair`), and each step commits with the rows it takes off.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Max

from dashboard.catalog import snapshot as catalog
from dashboard.core.fields import EPOCH
from dashboard.findings import call_regions, lifecycle, name_resolution
from dashboard.findings.db_lock import write_lock
from dashboard.findings.models import EntryTraffic, Finding, OpenPeriod, ScannedEntry, StalePair
from dashboard.findings.source_coverage import ReportedDays, sources_of_calls
from dashboard.findings.traffic import daily

__all__ = ["ScanResult", "run"]

BATCH = 2000
AHEAD = timedelta(days=366)

EDGES = f"""
SELECT application_id, entry_id, day, previous, following FROM (
    SELECT t.application_id, t.entry_id, t.day,
        LAG(t.day) OVER w AS previous, LEAD(t.day) OVER w AS following
    FROM findings_stalepair p
    JOIN findings_traffic t ON t.application_id = p.application_id AND t.entry_id = p.entry_id
    WHERE p.id BETWEEN %s AND %s
      AND {daily.IS_CALL}
    WINDOW w AS (PARTITION BY t.application_id, t.entry_id ORDER BY t.day)
) AS calls
WHERE previous IS NULL OR following IS NULL OR day - previous > %s OR following - day > %s
ORDER BY application_id, entry_id, day
"""  # noqa: S608  our own condition
CALLERS = """
INSERT INTO findings_stalepair (application_id, entry_id)
SELECT DISTINCT t.application_id, t.entry_id FROM findings_traffic t WHERE t.entry_id = %s
ON CONFLICT (application_id, entry_id) DO NOTHING
"""
GONE_QUIET = """
INSERT INTO findings_stalepair (application_id, entry_id)
SELECT f.application_id, f.entry_id FROM findings_openperiod s JOIN findings_finding f ON f.id = s.finding_id
WHERE s.resolved_on IS NULL AND s.last_call_on < %s
ON CONFLICT (application_id, entry_id) DO NOTHING
"""

Pair = tuple[int, int]


@dataclass(slots=True)
class ScanResult:
    """What a scan changed: names whose entry changed, days refilled, and findings as of its day."""

    resolved_names: int = 0
    days: int = 0
    opened: int = 0
    regressed: int = 0
    resolved: int = 0


def run(now: datetime, as_of: date) -> ScanResult:
    """Bring findings in step with usage and catalog; a second run finds nothing to do.

    Spells are worked out over all usage there is, even past `as_of` (a pinned today): they carry days, so
    an answer as of any day follows from them. `as_of` decides what the result counts.
    """
    result = ScanResult()
    result.resolved_names = name_resolution.refresh(catalog.load(as_of))
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
    """The day up to which usage tells: today, or in a replayed story the day after its last one.

    `coming` is the newest day that is about to get sums.
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
    """Put down every pair that may have changed although its traffic did not."""
    quiet_days = settings.SUNDIAL_QUIET_DAYS
    with write_lock(), connection.cursor() as cursor:
        StalePair.objects.exclude(entry__in=known).delete()
        ScannedEntry.objects.exclude(entry__in=known).delete()
        scanned = {row.pk: (row.known_on, row.quiet_days, row.regions) for row in ScannedEntry.objects.all()}
        facts = {pk: (day, quiet_days, regional.get(pk, "")) for pk, day in known.items()}
        news = {pk: fact for pk, fact in facts.items() if scanned.get(pk) != fact}
        for pk in news:
            cursor.execute(CALLERS, [pk])
        ScannedEntry.objects.bulk_create(
            [
                ScannedEntry(entry_id=pk, known_on=day, quiet_days=quiet, regions=regions)
                for pk, (day, quiet, regions) in news.items()
            ],
            update_conflicts=True,
            unique_fields=["entry"],
            update_fields=["known_on", "quiet_days", "regions"],
        )
        cursor.execute(GONE_QUIET, [(horizon - EPOCH).days - quiet_days])


def _evaluate(
    known: dict[int, date],
    regional: dict[int, str],
    horizon: date,
    now: datetime,
    as_of: date,
    result: ScanResult,
) -> bool:
    """Rewrite the periods of the next pairs on the list and take them off; False when the list is empty."""
    with write_lock():
        rows = list(StalePair.objects.order_by("pk").values_list("pk", "application_id", "entry_id")[:BATCH])
        if not rows:
            return False
        first, last = rows[0][0], rows[-1][0]
        pairs = [(application, entry) for _, application, entry in rows]
        stretches = _stretches(first, last, horizon)
        fresh = {
            pair: lifecycle.periods_of_finding(stretches.get(pair, []), known[pair[1]]) if pair[1] in known else ()
            for pair in pairs
        }
        findings = _write(fresh, stretches, now, as_of, result)
        call_regions.rewrite_call_regions(first, last, findings, regional)
        StalePair.objects.filter(pk__range=(first, last)).delete()
        return True


def _stretches(first: int, last: int, horizon: date) -> dict[Pair, list[tuple[lifecycle.CallPeriod, date | None]]]:
    """Per pair of the batch: its runs of calling days, each with the day it was over (None: it was not)."""
    quiet_days = settings.SUNDIAL_QUIET_DAYS
    found: dict[Pair, list[lifecycle.CallPeriod]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(EDGES, [first, last, quiet_days, quiet_days])
        for application, entry, number, previous, following in cursor.fetchall():
            day = EPOCH + timedelta(days=number)
            if previous is None or number - previous > quiet_days:
                start = day
            if following is None or following - number > quiet_days:
                found[application, entry].append(lifecycle.CallPeriod(start, day))
    ends = {
        (*pair, run.last): following
        for pair, stretch in found.items()
        for run, following in zip(stretch, [r.first for r in stretch[1:]] + [horizon], strict=True)
        if (following - run.last).days > quiet_days
    }
    sources = sources_of_calls(ends)
    reports = ReportedDays(min((last for _, _, last in ends), default=horizon))

    def over_on(pair: Pair, run: lifecycle.CallPeriod) -> date | None:
        key = (*pair, run.last)
        if key not in ends:
            return None
        reported = reports.common_days(sources.get(key, frozenset()))
        return lifecycle.quiet_since(run.last, ends[key], reported, quiet_days)

    return {pair: [(run, over_on(pair, run)) for run in stretch] for pair, stretch in found.items()}


def _write(
    fresh: dict[Pair, tuple[lifecycle.Period, ...]],
    stretches: dict[Pair, list],
    now: datetime,
    as_of: date,
    result: ScanResult,
) -> dict[Pair, Finding]:
    findings = _findings(fresh)
    stored: dict[int, list[lifecycle.Period]] = defaultdict(list)
    for period in _stored_periods(f.pk for f in findings.values()):
        stored[period.finding_id].append(
            lifecycle.Period(period.number, period.opened_on, period.last_call_on, period.resolved_on)
        )
    missing = [pair for pair, periods in fresh.items() if periods and pair not in findings]
    created = Finding.objects.bulk_create(
        Finding(
            application_id=pair[0],
            entry_id=pair[1],
            created_at=now,
            first_seen=stretches[pair][0][0].first,
            last_seen=stretches[pair][-1][0].last,
        )
        for pair in missing
    )
    findings |= {(finding.application_id, finding.entry_id): finding for finding in created}
    moved = []
    rewritten: list[int] = []
    rows: list[OpenPeriod] = []
    for pair, finding in findings.items():
        periods = fresh[pair]
        if pair in stretches:
            seen = (stretches[pair][0][0].first, stretches[pair][-1][0].last)
            if seen != (finding.first_seen, finding.last_seen):
                finding.first_seen, finding.last_seen = seen
                moved.append(finding)
        if tuple(stored[finding.pk]) == periods:
            continue
        _count(stored[finding.pk], periods, as_of, result)
        rewritten.append(finding.pk)
        ends: list[date | None] = [s.opened_on for s in periods[1:]] + [None]
        rows += [
            OpenPeriod(
                finding=finding,
                number=s.number,
                opened_on=s.opened_on,
                last_call_on=s.last_call_on,
                resolved_on=s.resolved_on,
                next_opened_on=end,
            )
            for s, end in zip(periods, ends[: len(periods)], strict=True)
        ]
    Finding.objects.bulk_update(moved, ["first_seen", "last_seen"], batch_size=200)
    OpenPeriod.objects.filter(finding__in=rewritten).delete()
    OpenPeriod.objects.bulk_create(rows, batch_size=1000)
    return findings


def _findings(pairs: Iterable[Pair]) -> dict[Pair, Finding]:
    wanted = set(pairs)
    rows = Finding.objects.filter(application__in={a for a, _ in wanted}, entry__in={e for _, e in wanted})
    return {key: f for f in rows if (key := (f.application_id, f.entry_id)) in wanted}


def _stored_periods(findings: Iterable[int]) -> Iterable[OpenPeriod]:
    return OpenPeriod.objects.filter(finding__in=list(findings)).order_by("finding", "number")


def _count(
    old: list[lifecycle.Period], new: tuple[lifecycle.Period, ...], as_of: date, result: ScanResult
) -> None:
    """Add what became visible by `as_of` to the result."""
    known = {s.number: s for s in old}
    for period in new:
        before = known.get(period.number)
        if period.opened_on <= as_of and not before:
            if period.number:
                result.regressed += 1
            else:
                result.opened += 1
        if period.resolved_on and period.resolved_on <= as_of and not (before and before.resolved_on):
            result.resolved += 1
