"""Which digests are due today, stored before anything is sent.

A digest is a `Delivery` with its `Notice` rows, written in one transaction. A unique constraint over notices
makes sure that each reason of each finding is reported once, also by concurrent processes.

A notice of a delivery that was given up was read by nobody. It is due again, and goes into the next digest of
whoever is responsible then (`alerts.undelivered`).
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
from dashboard.alerts.undelivered import Reports, load_reports, release_notices
from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import MilestoneKind
from dashboard.catalog.models import Milestone
from dashboard.catalog.regions import DueDate
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings.deadlines import forecast
from dashboard.findings.due_dates import entry_due, finding_due
from dashboard.findings.models import Finding, Traffic
from dashboard.findings.traffic.series import last_7_days
from dashboard.usage.measure import choose_measure

__all__ = ["DigestPlan", "RecipientDigest", "SkippedFinding", "plan_digests", "write_digests"]

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SkippedFinding:
    """A finding that is in no digest, and why: its status, `undated`, or `no recipient`."""

    finding: Finding
    why: str


@dataclass(slots=True)
class RecipientDigest:
    """The digest for one recipient. `fallback`: only because the applications have no owner."""

    recipient: str
    fallback: bool = True
    items: list[digest.DigestItem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DigestPlan:
    """The digests of a day, and the findings that are in none of them."""

    as_of: date
    digests: list[RecipientDigest]
    skipped: list[SkippedFinding]


@dataclass(frozen=True, slots=True)
class _PairUsage:
    """Daily calls (or tokens, as `usage.measure` decides) of one application to one entry."""

    daily: dict[date, int]
    measure: str


@dataclass(frozen=True, slots=True)
class _DayInputs:
    """What the digests of a day are decided from."""

    catalog: Snapshot
    reported: Reports
    undelivered: Reports
    usage: dict[tuple[int, int], _PairUsage]
    late: set[tuple[int, str, date | None]]
    dues: dict[int, DueDate]
    moves: dict[int, tuple[date, date]]


def plan_digests(as_of: date) -> DigestPlan:
    """The digests that are due on a day. Only reads the database."""
    known = catalog.load(as_of)
    findings = list(
        Finding.objects.as_of(as_of, known)
        .alive()
        .select_related("application")
        .order_by("application__name", "entry__name", "pk")
    )
    usage = _usage(known, as_of)
    dues = {finding.pk: due for finding in findings if (due := finding_due(finding, known))}
    late = _late(findings, known, usage, dues)
    reported, undelivered = load_reports(findings)
    inputs = _DayInputs(known, reported, undelivered, usage, late, dues, _moves(findings, known, dues))
    digests: dict[str, RecipientDigest] = {}
    skipped: list[SkippedFinding] = []
    for finding in findings:
        state = _finding_state(finding, inputs)
        if why := policy.skip_reason(state):
            skipped.append(SkippedFinding(finding, why))
            continue
        reasons = policy.reasons_to_report(
            state,
            inputs.reported[finding.pk],
            as_of,
            settings.SUNDIAL_ALERT_DAYS,
            inputs.undelivered[finding.pk],
        )
        if not reasons:
            continue
        owner = finding.assignee or finding.application.owner
        recipient = owner or settings.SUNDIAL_ALERT_FALLBACK
        if not recipient:
            skipped.append(SkippedFinding(finding, "no recipient"))
            continue
        mail = digests.setdefault(recipient.casefold(), RecipientDigest(recipient))
        mail.fallback = mail.fallback and not owner
        _add(mail, finding, reasons, inputs)
    return DigestPlan(as_of, list(digests.values()), skipped)


def _finding_state(finding: Finding, inputs: _DayInputs) -> policy.FindingState:
    entry = inputs.catalog.entries[finding.entry_id]
    due_on = _day(inputs.dues.get(finding.pk))
    return policy.FindingState(
        status=finding.status,  # type: ignore[attr-defined]
        sunset_on=due_on,
        opened_on=finding.opened_on,  # type: ignore[attr-defined]
        period_number=finding.period_number,  # type: ignore[attr-defined]
        late=(finding.application_id, entry.platform, due_on) in inputs.late,
        moved_on=inputs.moves[finding.pk][0] if finding.pk in inputs.moves else None,
    )


def _add(
    mail: RecipientDigest, finding: Finding, reasons: tuple[policy.AlertReason, ...], inputs: _DayInputs
) -> None:
    entry = inputs.catalog.entries[finding.entry_id]
    ends = inputs.dues[finding.pk]  # the policy reports only findings with a due date
    usage = inputs.usage.get((finding.application_id, entry.pk), _PairUsage({}, "calls"))
    first, last = last_7_days(inputs.catalog.as_of)
    moved = any(due.reason == Reason.MOVED for due in reasons)
    mail.items.append(
        digest.digest_item(
            finding,
            entry,
            ends,
            inputs.catalog,
            calls=sum(value for day, value in usage.daily.items() if first <= day <= last),
            measure=usage.measure,
            reasons=tuple(due.reason for due in reasons),
            moved_from=inputs.moves[finding.pk][1] if moved else None,
        )
    )
    mail.notices += [
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
    return [delivery for mail in plan_digests(as_of).digests if (delivery := _write(mail, now, as_of)) is not None]


def _write(mail: RecipientDigest, now: datetime, as_of: date) -> Delivery | None:
    message = digest.render_digest(mail.items, mail.recipient, as_of, fallback=mail.fallback)
    try:
        with transaction.atomic():
            delivery = Delivery.objects.create(
                recipient=mail.recipient,
                as_of=as_of,
                subject=message.subject,
                text=message.text,
                html=message.html,
                message_id=_message_id(mail, as_of),
                created_at=now,
                next_try_at=now,
            )
            for notice in mail.notices:
                notice.delivery = delivery
            release_notices({notice.finding_id for notice in mail.notices})
            Notice.objects.bulk_create(mail.notices)
            return delivery
    except IntegrityError:
        # Another process has just written the same; what it left out is due again on the next run.
        return None


def _message_id(mail: RecipientDigest, as_of: date) -> str:
    """The same digest always gets the same id, so that a mail server can recognise a repeated one."""
    parts = sorted(f"{n.finding_id}/{n.reason}/{n.step}/{n.sunset_on}" for n in mail.notices)
    content = "\n".join([mail.recipient.casefold(), as_of.isoformat(), *parts])
    host = urlsplit(settings.SUNDIAL_BASE_URL).hostname or "localhost"
    return f"<{as_of:%Y%m%d}.{hashlib.sha256(content.encode()).hexdigest()[:32]}@{host}>"


def _usage(known: Snapshot, as_of: date) -> dict[tuple[int, int], _PairUsage]:
    """Per (application, entry): daily usage over the days that a trend looks at."""
    first = as_of - forecast.TREND_DAYS * DAY
    rows = (
        Traffic.objects.filter(entry__in=list(known.retiring), day__gte=first, day__lt=as_of)
        .order_by()
        .values_list("application", "entry", "day")
        .annotate(*(Sum(name) for name in ("calls", "input_tokens", "output_tokens")))
    )
    days: dict[tuple[int, int], list[tuple[date, int | None, int | None]]] = defaultdict(list)
    for application, entry, day, calls, tokens_in, tokens_out in rows:
        tokens = None if tokens_in is None and tokens_out is None else (tokens_in or 0) + (tokens_out or 0)
        days[application, entry].append((day, calls, tokens))
    usage = {}
    for pair, sums in days.items():
        measure, _ = choose_measure((calls, tokens) for _, calls, tokens in sums)
        daily = {day: (calls if measure == "calls" else tokens) or 0 for day, calls, tokens in sums}
        usage[pair] = _PairUsage(daily, measure)
    return usage


def _late(
    findings: Iterable[Finding],
    known: Snapshot,
    usage: dict[tuple[int, int], _PairUsage],
    dues: dict[int, DueDate],
) -> set[tuple[int, str, date | None]]:
    """The (application, platform, due date) whose forecast verdict is late."""
    daily: dict[tuple[int, str, date | None], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for finding in findings:
        entry = known.entries[finding.entry_id]
        key = (finding.application_id, entry.platform, _day(dues.get(finding.pk)))
        of_pair = usage.get((finding.application_id, entry.pk))
        for day, value in of_pair.daily.items() if of_pair else ():
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
    changed_often = dated.order_by().values("revision__entry").annotate(n=Count("pk")).filter(n__gt=1)
    changed = set(changed_often.values_list("revision__entry", flat=True))
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
    """The newest day on which a sunset milestone changed this due date, and the date before it."""
    days = {s.known_on for s in known.entries[entry].steps if s.kind == MilestoneKind.SUNSET and s.known_on}
    after = _day(entry_due(known.entries[entry], regions, idle))
    for day in sorted(days, reverse=True):
        before = _day(entry_due(catalog.load(day - DAY).entries[entry], regions, idle))
        if before and before != after:
            return day, before
    return None


def _day(due: DueDate | None) -> date | None:
    return due.on if due else None
