"""From usage and catalog to findings: resolve names, refill sums, rewrite the spells of what changed.

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
from dashboard.findings.db_lock import exclusive
from dashboard.findings.models import EntryTraffic, Finding, ScannedEntry, Spell, StalePair
from dashboard.findings.source_coverage import Reports, carriers
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
SELECT f.application_id, f.entry_id FROM findings_spell s JOIN findings_finding f ON f.id = s.finding_id
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
    daily.refill(_horizon(as_of, max(stale, default=None)) - timedelta(days=settings.SUNDIAL_QUIET_DAYS))
    horizon = _horizon(as_of)
    known = _known_days(as_of, horizon)
    regional = call_regions.regional(known, catalog.load(horizon))
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
    with exclusive(), connection.cursor() as cursor:
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
    """Rewrite the spells of the next pairs on the list and take them off; False when the list is empty."""
    with exclusive():
        rows = list(StalePair.objects.order_by("pk").values_list("pk", "application_id", "entry_id")[:BATCH])
        if not rows:
            return False
        first, last = rows[0][0], rows[-1][0]
        pairs = [(application, entry) for _, application, entry in rows]
        stretches = _stretches(first, last, horizon)
        fresh = {
            pair: lifecycle.chain(stretches.get(pair, []), known[pair[1]]) if pair[1] in known else ()
            for pair in pairs
        }
        findings = _write(fresh, stretches, now, as_of, result)
        call_regions.rewrite(first, last, findings, regional)
        StalePair.objects.filter(pk__range=(first, last)).delete()
        return True


def _stretches(first: int, last: int, horizon: date) -> dict[Pair, list[tuple[lifecycle.Run, date | None]]]:
    """Per pair of the batch: its runs of calling days, each with the day it was over (None: it was not)."""
    quiet_days = settings.SUNDIAL_QUIET_DAYS
    found: dict[Pair, list[lifecycle.Run]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(EDGES, [first, last, quiet_days, quiet_days])
        for application, entry, number, previous, following in cursor.fetchall():
            day = EPOCH + timedelta(days=number)
            if previous is None or number - previous > quiet_days:
                start = day
            if following is None or following - number > quiet_days:
                found[application, entry].append(lifecycle.Run(start, day))
    ends = {
        (*pair, run.last): following
        for pair, stretch in found.items()
        for run, following in zip(stretch, [r.first for r in stretch[1:]] + [horizon], strict=True)
        if (following - run.last).days > quiet_days
    }
    sources = carriers(ends)
    reports = Reports(min((last for _, _, last in ends), default=horizon))

    def over_on(pair: Pair, run: lifecycle.Run) -> date | None:
        key = (*pair, run.last)
        if key not in ends:
            return None
        reported = reports.common_days(sources.get(key, frozenset()))
        return lifecycle.quiet_since(run.last, ends[key], reported, quiet_days)

    return {pair: [(run, over_on(pair, run)) for run in stretch] for pair, stretch in found.items()}


def _write(
    fresh: dict[Pair, tuple[lifecycle.Spell, ...]],
    stretches: dict[Pair, list],
    now: datetime,
    as_of: date,
    result: ScanResult,
) -> dict[Pair, Finding]:
    findings = _findings(fresh)
    stored: dict[int, list[lifecycle.Spell]] = defaultdict(list)
    for spell in _spells_of(f.pk for f in findings.values()):
        stored[spell.finding_id].append(
            lifecycle.Spell(spell.number, spell.opened_on, spell.last_call_on, spell.resolved_on)
        )
    missing = [pair for pair, spells in fresh.items() if spells and pair not in findings]
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
    rows: list[Spell] = []
    for pair, finding in findings.items():
        spells = fresh[pair]
        if pair in stretches:
            seen = (stretches[pair][0][0].first, stretches[pair][-1][0].last)
            if seen != (finding.first_seen, finding.last_seen):
                finding.first_seen, finding.last_seen = seen
                moved.append(finding)
        if tuple(stored[finding.pk]) == spells:
            continue
        _count(stored[finding.pk], spells, as_of, result)
        rewritten.append(finding.pk)
        ends: list[date | None] = [s.opened_on for s in spells[1:]] + [None]
        rows += [
            Spell(
                finding=finding,
                number=s.number,
                opened_on=s.opened_on,
                last_call_on=s.last_call_on,
                resolved_on=s.resolved_on,
                succeeded_on=end,
            )
            for s, end in zip(spells, ends[: len(spells)], strict=True)
        ]
    Finding.objects.bulk_update(moved, ["first_seen", "last_seen"], batch_size=200)
    Spell.objects.filter(finding__in=rewritten).delete()
    Spell.objects.bulk_create(rows, batch_size=1000)
    return findings


def _findings(pairs: Iterable[Pair]) -> dict[Pair, Finding]:
    wanted = set(pairs)
    rows = Finding.objects.filter(application__in={a for a, _ in wanted}, entry__in={e for _, e in wanted})
    return {key: f for f in rows if (key := (f.application_id, f.entry_id)) in wanted}


def _spells_of(findings: Iterable[int]) -> Iterable[Spell]:
    return Spell.objects.filter(finding__in=list(findings)).order_by("finding", "number")


def _count(old: list[lifecycle.Spell], new: tuple[lifecycle.Spell, ...], as_of: date, result: ScanResult) -> None:
    """Add what became visible by `as_of` to the result."""
    known = {s.number: s for s in old}
    for spell in new:
        before = known.get(spell.number)
        if spell.opened_on <= as_of and not before:
            if spell.number:
                result.regressed += 1
            else:
                result.opened += 1
        if spell.resolved_on and spell.resolved_on <= as_of and not (before and before.resolved_on):
            result.resolved += 1
