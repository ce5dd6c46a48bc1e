"""Sending the deliveries of the outbox: claim, send, mark.

1. A row that has been *being sent* for too long belongs to a process that died. Whether the server took
   its mail cannot be known, so it becomes *fate unknown*: visible, and never sent again automatically.
2. A due row is claimed by a conditional UPDATE; the process that changed it sends it.
3. What the server refuses for good fails at once; what it refuses for now, or a server that cannot be
   reached, is tried again after 1, 5, 15 and 60 minutes, then given up.
4. A connection that breaks while the mail is being handed over leaves its fate unknown too.
5. A server that cannot be reached, or stops answering, ends the run: the other mails wait for the next one.
"""

import smtplib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F, Q

from dashboard.alerts.models import Delivery, State

__all__ = ["LONGEST_RUN_SECONDS", "SendResult", "mark_lost", "send_due"]

BACK_OFF = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60))
LOST_AFTER = timedelta(minutes=15)
"""Longer than a mail can take: `smtp_backend` bounds the conversation."""
BATCH = 200
RUN_SECONDS = 300
"""After so long a run begins no other mail; the next run goes on."""
LONGEST_RUN_SECONDS = 600
CLOSING = 421  # the answer of a server that closes the connection


class _ServerLostError(Exception):
    """The mail server cannot be reached, or stopped answering; `outcome` is what `_send` would have returned."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(slots=True)
class SendResult:
    """How many deliveries a run sent, put off, gave up, or lost track of."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    unknown: int = 0


def send_due(now: datetime) -> SendResult:
    """Send every delivery that is due. With several processes at once, each mail still goes out once."""
    result = SendResult(unknown=mark_lost(now))
    ends_at = time.monotonic() + RUN_SECONDS
    # A try that is further ahead than any pause was planned before the clock was set back.
    is_due = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + BACK_OFF[-1])
    due = Delivery.objects.filter(is_due, state=State.PENDING).order_by("next_try_at", "pk")
    for pk in list(due.values_list("pk", flat=True)[:BATCH]):
        if time.monotonic() > ends_at:
            break
        if not _claim(pk, now):
            continue
        is_reachable = True
        try:
            outcome = _send(Delivery.objects.get(pk=pk), now)
        except _ServerLostError as error:
            outcome, is_reachable = error.outcome, False
        setattr(result, outcome, getattr(result, outcome) + 1)
        if not is_reachable:
            break
    return result


def mark_lost(now: datetime) -> int:
    """Mark deliveries that a dead process left half sent; return how many."""
    is_old = Q(claimed_at__lt=now - LOST_AFTER) | Q(claimed_at__gt=now + LOST_AFTER)  # the clock was set back
    lost = Delivery.objects.filter(is_old, state=State.SENDING)
    return lost.update(state=State.UNKNOWN, error="The sender stopped while sending; the mail may have arrived")


def _claim(pk: int, now: datetime) -> bool:
    waiting = Delivery.objects.filter(pk=pk, state=State.PENDING)
    return bool(waiting.update(state=State.SENDING, claimed_at=now, attempts=F("attempts") + 1))


def _send(delivery: Delivery, now: datetime) -> str:
    """Hand a claimed delivery to the mail server and mark it; return the field of `SendResult` that counts it.

    Raises _ServerLostError, after marking it, when others need not be tried now.
    """
    try:
        message = _message(delivery)
        message.message()  # raises for a header that cannot be written, before anything is sent
    except (ValueError, UnicodeError) as problem:
        return _mark(delivery, State.FAILED, f"The mail cannot be written: {problem}")
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as problem:
        _close(connection)
        raise _ServerLostError(_retry(delivery, now, problem)) from None
    try:
        connection.send_messages([message])
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as problem:
        if _is_permanent(problem):
            return _mark(delivery, State.FAILED, _smtp_answer(problem))
        outcome = _retry(delivery, now, problem)
        if getattr(problem, "smtp_code", 0) == CLOSING:
            raise _ServerLostError(outcome) from None
        return outcome
    except (smtplib.SMTPException, OSError) as problem:
        if not getattr(connection, "is_handed_over", True):
            raise _ServerLostError(_retry(delivery, now, problem)) from None
        text = f"The connection broke while sending: {problem}"
        raise _ServerLostError(_mark(delivery, State.UNKNOWN, text)) from None
    finally:
        _close(connection)
    Delivery.objects.filter(pk=delivery.pk, state=State.SENDING).update(state=State.SENT, sent_at=now, error="")
    return "sent"


def _message(delivery: Delivery) -> EmailMultiAlternatives:
    unsubscribe = settings.SUNDIAL_ALERT_FALLBACK or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    message = EmailMultiAlternatives(
        subject=delivery.subject,
        body=delivery.text,
        to=[delivery.recipient],
        headers={
            "Message-ID": delivery.message_id,
            "Date": format_datetime(delivery.created_at),
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "List-Id": f"Sundial <sundial.{delivery.message_id.rpartition('@')[2].rstrip('>')}>",
            "List-Unsubscribe": f"<mailto:{unsubscribe}?subject=unsubscribe%20{delivery.pk}>",
        },
    )
    if delivery.html:
        message.attach_alternative(delivery.html, "text/html")
    return message


def _is_permanent(problem: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> bool:
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in problem.recipients.values())
    return problem.smtp_code >= 500


def _retry(delivery: Delivery, now: datetime, problem: Exception) -> str:
    if delivery.attempts > len(BACK_OFF):
        return _mark(delivery, State.FAILED, f"Given up after {delivery.attempts} tries: {_smtp_answer(problem)}")
    Delivery.objects.filter(pk=delivery.pk, state=State.SENDING).update(
        state=State.PENDING, next_try_at=now + BACK_OFF[delivery.attempts - 1], error=_smtp_answer(problem)[:500]
    )
    return "retried"


def _mark(delivery: Delivery, state: State, error: str) -> str:
    Delivery.objects.filter(pk=delivery.pk, state=State.SENDING).update(state=state, error=error[:500])
    return "unknown" if state == State.UNKNOWN else "failed"


def _smtp_answer(problem: Exception) -> str:
    """The server's answer in one line."""
    code: int
    answer: bytes | str
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(problem.recipients.values()))
    elif isinstance(problem, smtplib.SMTPResponseException):
        code, answer = problem.smtp_code, problem.smtp_error
    else:
        return f"{type(problem).__name__}: {problem}"
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return " ".join(f"{code} {text}".split())


def _close(connection) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        # The outcome is already recorded; an error while closing does not change it.
        return
