"""Deciding who is told what today, and writing it down before anything is sent.

The decision is a `Delivery` with its `Notice` rows, in one transaction. A unique constraint over notices
makes each reason of each finding once, whoever decides, however often and how concurrently.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Sum

from dashboard.alerts import digest, policy
from dashboard.alerts.models import Channel, Delivery, Notice, Reason
from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import MilestoneKind
from dashboard.catalog.models import Milestone
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.deadlines import forecast
from dashboard.findings.due_dates import entry_due, finding_due
from dashboard.findings.models import Finding, Traffic

__all__ = ["DigestPlan", "RecipientDigest", "SkippedFinding", "plan_digests", "write_digests"]

DAY = timedelta(days=1)
CHUNK = 500


@dataclass(frozen=True, slots=True)
class SkippedFinding:
    """A finding that nobody is told of, and why: a silent status, `undated`, or `nobody to tell`."""

    finding: Finding
    why: str


@dataclass(slots=True)
class RecipientDigest:
    """What one recipient is to be told."""

    recipient: str
    fallback: bool = True
    items: list[digest.DigestItem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DigestPlan:
    """Today's digests, and the findings about which something is due but nobody hears."""

    as_of: date
    digests: list[RecipientDigest]
    skipped: list[SkippedFinding]


@dataclass(frozen=True, slots=True)
class _Calls:
    """Daily use of one entry by one application, in calls, or in tokens where no calls are counted."""

    daily: dict[date, int]
    measure: str


@dataclass(frozen=True, slots=True)
class _World:
    """All that a day's decision looks at."""

    catalog: Snapshot
    told: dict[int, list[policy.ReportedReason]]
    use: dict[tuple[int, int], _Calls]
    late: set[tuple[int, str, date | None]]
    dues: dict[int, DueDate]
    moves: dict[int, tuple[date, date]]


def plan_digests(as_of: date) -> DigestPlan:
    """Who is to be told what on a day. Reads only."""
    known = catalog.load(as_of)
    findings = list(
        Finding.objects.as_of(as_of, known)
        .alive()
        .select_related("application")
        .order_by("application__name", "entry__name", "pk")
    )
    use = _use(known, as_of)
    dues = {finding.pk: due for finding in findings if (due := finding_due(finding, known))}
    late = _late(findings, known, use, dues)
    world = _World(known, _told(findings), use, late, dues, _moves(findings, known, dues))
    digests: dict[str, RecipientDigest] = {}
    skipped: list[SkippedFinding] = []
    for finding in findings:
        facts = _facts(finding, world)
        if why := policy.skip_reason(facts):
            skipped.append(SkippedFinding(finding, why))
            continue
        reasons = policy.reasons_to_report(facts, world.told[finding.pk], as_of, settings.SUNDIAL_ALERT_DAYS)
        if not reasons:
            continue
        owner = finding.assignee or finding.application.owner
        recipient = owner or settings.SUNDIAL_ALERT_FALLBACK
        if not recipient:
            skipped.append(SkippedFinding(finding, "nobody to tell"))
            continue
        letter = digests.setdefault(recipient.casefold(), RecipientDigest(recipient))
        letter.fallback = letter.fallback and not owner
        _add(letter, finding, reasons, world)
    return DigestPlan(as_of, list(digests.values()), skipped)


def _facts(finding: Finding, world: _World) -> policy.FindingState:
    entry = world.catalog.entries[finding.entry_id]
    due_on = _day(world.dues.get(finding.pk))
    return policy.FindingState(
        status=finding.status,  # type: ignore[attr-defined]
        sunset_on=due_on,
        opened_on=finding.opened_on,  # type: ignore[attr-defined]
        period_number=finding.period_number,  # type: ignore[attr-defined]
        late=(finding.application_id, entry.platform, due_on) in world.late,
        moved_on=world.moves[finding.pk][0] if finding.pk in world.moves else None,
    )


def _add(
    letter: RecipientDigest, finding: Finding, reasons: tuple[policy.AlertReason, ...], world: _World
) -> None:
    entry = world.catalog.entries[finding.entry_id]
    ends = world.dues[finding.pk]  # the cadence tells of dated ones only
    calls = world.use.get((finding.application_id, entry.pk), _Calls({}, "calls"))
    week = (world.catalog.as_of - n * DAY for n in range(1, forecast.WINDOW_DAYS + 1))
    moved = any(due.reason == Reason.MOVED for due in reasons)
    letter.items.append(
        digest.digest_item(
            finding,
            entry,
            ends,
            world.catalog,
            calls=sum(calls.daily.get(day, 0) for day in week),
            measure=calls.measure,
            reasons=tuple(due.reason for due in reasons),
            moved_from=world.moves[finding.pk][1] if moved else None,
        )
    )
    letter.notices += [
        Notice(
            finding=finding,
            channel=Channel.EMAIL,
            reason=due.reason,
            step=due.step,
            sunset_on=ends.on,
        )
        for due in reasons
    ]


def write_digests(now: datetime, as_of: date) -> list[Delivery]:
    """Write today's digests into the outbox; the same call again, or at the same time, writes nothing more."""
    return [
        delivery for letter in plan_digests(as_of).digests if (delivery := _write(letter, now, as_of)) is not None
    ]


def _write(letter: RecipientDigest, now: datetime, as_of: date) -> Delivery | None:
    message = digest.render_digest(letter.items, letter.recipient, as_of, fallback=letter.fallback)
    try:
        with transaction.atomic():
            delivery = Delivery.objects.create(
                recipient=letter.recipient,
                as_of=as_of,
                subject=message.subject,
                text=message.text,
                html=message.html,
                message_id=_message_id(letter, as_of),
                created_at=now,
                next_try_at=now,
            )
            for notice in letter.notices:
                notice.delivery = delivery
            Notice.objects.bulk_create(letter.notices)
            return delivery
    except IntegrityError:
        # Somebody else has just decided the same; what is left of it is due again on the next run.
        return None


def _message_id(letter: RecipientDigest, as_of: date) -> str:
    """The same decision has the same id, so that a mail is recognised wherever it went."""
    parts = sorted(f"{n.finding_id}/{n.reason}/{n.step}/{n.sunset_on}" for n in letter.notices)
    told = "\n".join([letter.recipient.casefold(), as_of.isoformat(), *parts])
    host = urlsplit(settings.SUNDIAL_BASE_URL).hostname or "localhost"
    return f"<{as_of:%Y%m%d}.{hashlib.sha256(told.encode()).hexdigest()[:32]}@{host}>"


def _told(findings: list[Finding]) -> dict[int, list[policy.ReportedReason]]:
    told: dict[int, list[policy.ReportedReason]] = defaultdict(list)
    pks = [finding.pk for finding in findings]
    for start in range(0, len(pks), CHUNK):
        rows = Notice.objects.filter(finding__in=pks[start : start + CHUNK], channel=Channel.EMAIL)
        for pk, reason, step, sunset_on, on in rows.values_list(
            "finding", "reason", "step", "sunset_on", "delivery__as_of"
        ):
            told[pk].append(policy.ReportedReason(reason, step, sunset_on, on))
    return told


def _use(known: Snapshot, as_of: date) -> dict[tuple[int, int], _Calls]:
    """Per (application, entry): daily use over the days that a trend takes."""
    first = as_of - forecast.TREND_DAYS * DAY
    rows = (
        Traffic.objects.filter(entry__in=list(known.retiring), day__gte=first, day__lt=as_of)
        .order_by()
        .values_list("application", "entry", "day")
        .annotate(*(Sum(name) for name in ("calls", "input_tokens", "output_tokens")))
    )
    days: dict[tuple[int, int], list[tuple[date, int | None, int]]] = defaultdict(list)
    for application, entry, day, calls, tokens_in, tokens_out in rows:
        days[application, entry].append((day, calls, (tokens_in or 0) + (tokens_out or 0)))
    use = {}
    for pair, some in days.items():
        counted = any(calls is not None for _, calls, _ in some)
        daily = {day: (calls or 0) if counted else tokens for day, calls, tokens in some}
        use[pair] = _Calls(daily, "calls" if counted else "tokens")
    return use


def _late(
    findings: Iterable[Finding], known: Snapshot, use: dict[tuple[int, int], _Calls], dues: dict[int, DueDate]
) -> set[tuple[int, str, date | None]]:
    """The (application, platform, due date) that by their trend will not be through in time."""
    daily: dict[tuple[int, str, date | None], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for finding in findings:
        entry = known.entries[finding.entry_id]
        key = (finding.application_id, entry.platform, _day(dues.get(finding.pk)))
        calls = use.get((finding.application_id, entry.pk))
        for day, value in calls.daily.items() if calls else ():
            daily[key][day] += value
    start = known.as_of - forecast.TREND_DAYS * DAY
    return {
        key
        for key, values in daily.items()
        if forecast.forecast(values, start, known.as_of, key[2]).verdict == "late"
    }


def _moves(findings: Iterable[Finding], known: Snapshot, dues: dict[int, DueDate]) -> dict[int, tuple[date, date]]:
    """Per finding whose due date the catalog changed: the day of the newest change, and the date before it."""
    dated = Milestone.objects.filter(kind=MilestoneKind.SUNSET, revision__known_on__lte=known.as_of)
    often = dated.order_by().values("revision__entry").annotate(n=Count("pk")).filter(n__gt=1)
    changed = set(often.values_list("revision__entry", flat=True))
    moves: dict[int, tuple[date, date]] = {}
    same: dict[tuple[int, str, bool], tuple[date, date] | None] = {}
    for finding in findings:
        if finding.entry_id in changed and finding.pk in dues:
            key = (finding.entry_id, finding.regions, finding.idle)  # type: ignore[attr-defined]
            if key not in same:
                same[key] = _move(known, *key)
            if move := same[key]:
                moves[finding.pk] = move
    return moves


def _move(known: Snapshot, entry: int, regions: str, idle: bool) -> tuple[date, date] | None:
    """The newest day on which what was told of the sunset changed this due date, and the date before it."""
    told = {s.known_on for s in known.entries[entry].steps if s.kind == MilestoneKind.SUNSET and s.known_on}
    after = _day(entry_due(known.entries[entry], regions, idle))
    for day in sorted(told, reverse=True):
        before = _day(entry_due(catalog.load(day - DAY).entries[entry], regions, idle))
        if before and before != after:
            return day, before
    return None


def _day(due: DueDate | None) -> date | None:
    return due.on if due else None
