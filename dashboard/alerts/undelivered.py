"""Digests that reached nobody: what they reported is due again, and pages and `/readyz` show that mail fails."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from dashboard.alerts.models import Channel, Delivery, Notice, State
from dashboard.alerts.policy import ReportedReason
from dashboard.core.health import Check
from dashboard.findings.models import Finding

__all__ = ["MailStatus", "Reports", "check_mail", "load_reports", "mail_status", "release_notices"]

CHUNK = 500
SHOWN_FOR = timedelta(days=7)
OVERDUE_AFTER = timedelta(minutes=15)
MOST = 200

Reports = dict[int, list[ReportedReason]]
"""Reasons by finding."""


@dataclass(frozen=True, slots=True)
class MailStatus:
    """The deliveries of the last days that did not arrive; of each at most 200.

    `is_failing`: what was tried since the server last accepted a mail did not go out, or nothing is being tried.
    """

    is_failing: bool = False
    waiting: int = 0
    given_up: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.given_up + self.unknown


def load_reports(findings: Collection[Finding]) -> tuple[Reports, Reports]:
    """The reasons that were reported (or are on their way), and those whose digest did not arrive."""
    reported: Reports = defaultdict(list)
    undelivered: Reports = defaultdict(list)
    lost = _lost_states()
    pks = [finding.pk for finding in findings]
    for start in range(0, len(pks), CHUNK):
        rows = Notice.objects.filter(finding__in=pks[start : start + CHUNK], channel=Channel.EMAIL)
        for pk, reason, step, sunset_on, on, state in rows.values_list(
            "finding", "reason", "step", "sunset_on", "delivery__as_of", "delivery__state"
        ):
            reports = undelivered if state in lost else reported
            reports[pk].append(ReportedReason(reason, step, sunset_on, on))
    return reported, undelivered


def release_notices(findings: Collection[int]) -> None:
    """Take findings out of digests that did not arrive; a later one reports them. Call it in a transaction.

    A digest that has none left is *replaced*: it is not shown as lost, and cannot be sent again.
    """
    pks = list(findings)
    for start in range(0, len(pks), CHUNK):
        notices = Notice.objects.filter(finding__in=pks[start : start + CHUNK], channel=Channel.EMAIL)
        lost = notices.filter(delivery__state__in=_lost_states())
        deliveries = list(lost.order_by().values_list("delivery", flat=True).distinct())
        lost.delete()
        _lost().filter(pk__in=deliveries, notices=None).update(state=State.REPLACED)


def mail_status(now: datetime) -> MailStatus:
    """Whether mail goes out, by the outbox. `now` is the wall clock's instant. One query."""
    accepted = Delivery.objects.filter(channel=OuterRef("channel"), sent_at__isnull=False).order_by("-sent_at")
    rows = (
        Delivery.objects.filter(state__in=[State.PENDING, State.FAILED, State.UNKNOWN])
        .annotate(accepted_at=Subquery(accepted.values("sent_at")[:1]))
        .order_by("-pk")
        .values_list("state", "attempts", "claimed_at", "next_try_at", "accepted_at")[:MOST]
    )
    counts = dict.fromkeys((State.PENDING.value, State.FAILED.value, State.UNKNOWN.value), 0)
    is_failing = False
    for state, attempts, tried_at, next_try_at, accepted_at in rows:
        is_overdue = state == State.PENDING and next_try_at < now - OVERDUE_AFTER and not settings.SUNDIAL_TODAY
        is_refused = state == State.FAILED or (state == State.PENDING and attempts > 1)
        if state != State.PENDING and (tried_at or next_try_at) < now - SHOWN_FOR:
            continue
        if state != State.PENDING or is_overdue or is_refused:
            counts[state] += 1
        is_newer = tried_at is not None and (accepted_at is None or tried_at > accepted_at)
        is_failing = is_failing or is_overdue or (is_refused and is_newer)
    return MailStatus(is_failing, counts["pending"], counts["failed"], counts["unknown"])


def check_mail(now: datetime) -> Check:
    """The part `mail` of `/readyz`."""
    status = mail_status(now)
    detail = f"{status.waiting} waiting, {status.given_up} given up, {status.unknown} of unknown fate"
    return Check(ok=not status.is_failing, detail=detail if status.total else "nothing undelivered")


def _lost() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state__in=_lost_states())


def _lost_states() -> list[State]:
    """The states of deliveries that count as received by nobody."""
    return [State.FAILED, State.UNKNOWN] if settings.SUNDIAL_ALERT_REPEAT_UNKNOWN else [State.FAILED]
