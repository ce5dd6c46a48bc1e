"""Sending on a real SMTP server: once, whatever breaks, and never lost silently."""

import threading
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection

from dashboard.alerts.delivery import SendResult, send_due
from dashboard.alerts.models import Delivery, State
from dashboard.alerts.smtp_backend import EmailBackend
from tests.alerts.smtp import serving

pytestmark = pytest.mark.django_db

NOW = datetime(2023, 12, 8, 8, tzinfo=UTC)


def make_delivery(number: int = 1, **fields) -> Delivery:
    return Delivery.objects.create(
        **{
            "recipient": "ada@example.com",
            "as_of": date(2023, 12, 8),
            "subject": "2 of your models retire in 27 days (2024-01-04) – 模型",
            "text": "plain words",
            "html": "<p>rich words</p>",
            "message_id": f"<20231208.{number}@sundial.example.com>",
            "created_at": NOW,
            "next_try_at": NOW,
        }
        | fields
    )


@pytest.fixture
def mailbox(settings, tmp_path, monkeypatch):
    with serving() as (mailbox, port, authority):
        bundle = tmp_path / "authority.pem"
        bundle.write_bytes(authority)
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        settings.EMAIL_BACKEND = "dashboard.alerts.smtp_backend.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, True
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "sundial", "secret"
        yield mailbox


def state(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, delivery.error


def test_a_mail_arrives_whole_with_its_headers(mailbox, settings):
    settings.SUNDIAL_ALERT_FALLBACK = "platform@example.com"
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(sent=1)
    (mail,) = mailbox.mails
    assert mail["Subject"].strip() == delivery.subject
    assert mail["Message-ID"] == delivery.message_id
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"].startswith("<mailto:platform@example.com?")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in mail.iter_parts()] == ["plain words", "<p>rich words</p>"]
    assert mailbox.envelopes[0].rcpt_tos == ["ada@example.com"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.sent_at, delivery.attempts) == (State.SENT, NOW, 1)
    assert send_due(NOW + timedelta(days=1)) == SendResult()


def test_a_refusal_for_now_is_tried_again_later_and_later_and_then_given_up(mailbox):
    mailbox.rcpt = "451 try again later"
    delivery = make_delivery()
    moment, waits = NOW, []
    while state(delivery)[0] == State.PENDING:
        send_due(moment)
        delivery.refresh_from_db()
        waits.append((delivery.next_try_at - moment) // timedelta(minutes=1))
        assert send_due(delivery.next_try_at - timedelta(seconds=1)) == SendResult(), "not before its time"
        moment = delivery.next_try_at if delivery.state == State.PENDING else moment
    assert waits[:4] == [1, 5, 15, 60]
    assert delivery.attempts == 5
    assert state(delivery) == (State.FAILED, "Given up after 5 tries: 451 try again later")
    assert mailbox.mails == []


def test_a_mail_that_was_refused_for_now_goes_out_when_the_server_wants_it(mailbox):
    mailbox.data = "452 disk full"
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(retried=1)
    mailbox.data = "250 OK"
    assert send_due(NOW + timedelta(minutes=1)) == SendResult(sent=1)
    assert state(delivery) == (State.SENT, "")
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(("stage", "answer"), [("rcpt", "550 no such user"), ("data", "554 refused")])
def test_a_refusal_for_good_fails_at_once(mailbox, stage, answer):
    setattr(mailbox, stage, answer)
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(failed=1)
    assert state(delivery) == (State.FAILED, answer)


def test_one_bad_address_does_not_hold_up_the_others(mailbox):
    make_delivery(1, recipient="a@b\r\nBcc: x@example.com")
    make_delivery(2)
    assert send_due(NOW) == SendResult(sent=1, failed=1)
    assert mailbox.envelopes[0].rcpt_tos == ["ada@example.com"]


def test_a_server_that_is_away_or_turns_us_away_is_tried_again(mailbox, settings):
    settings.EMAIL_HOST_PASSWORD = "wrong"
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(retried=1)
    assert "535" in state(delivery)[1]
    settings.EMAIL_PORT = 1
    assert send_due(NOW + timedelta(minutes=1)) == SendResult(retried=1)
    assert "ConnectionRefusedError" in state(delivery)[1]


def test_a_certificate_of_an_unknown_authority_is_not_accepted(mailbox, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    make_delivery()
    assert send_due(NOW) == SendResult(retried=1)
    assert mailbox.mails == []


def test_a_connection_that_breaks_after_the_handing_over_leaves_the_fate_unknown(mailbox):
    """The server has the mail, and its answer is lost: sending again would be the second mail."""
    mailbox.drop_after_data = True
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(unknown=1)
    assert state(delivery)[0] == State.UNKNOWN
    mailbox.drop_after_data = False
    assert send_due(NOW + timedelta(days=1)) == SendResult()
    assert len(mailbox.mails) == 1


class DyingBackend(BaseEmailBackend):
    """The process ends before the mail is sent."""

    def open(self) -> None:
        raise KeyboardInterrupt


class DyingAfterwardsBackend(EmailBackend):
    """The process ends after the server has accepted the mail."""

    def close(self) -> None:
        super().close()
        raise KeyboardInterrupt


def die_while_sending(settings, dying: type[BaseEmailBackend] = DyingBackend) -> None:
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, f"{__name__}.{dying.__name__}"
    with pytest.raises(KeyboardInterrupt):
        send_due(NOW)
    settings.EMAIL_BACKEND = backend


def test_dying_after_the_claim_leaves_a_visible_unknown_and_no_second_mail(mailbox, settings):
    delivery = make_delivery()
    die_while_sending(settings)
    assert state(delivery)[0] == State.SENDING
    assert send_due(NOW + timedelta(minutes=14)) == SendResult(), "it may still be at work"
    assert send_due(NOW + timedelta(minutes=16)) == SendResult(unknown=1)
    assert state(delivery)[0] == State.UNKNOWN
    assert "may have arrived" in state(delivery)[1]
    assert mailbox.mails == []


def test_dying_between_the_server_s_yes_and_the_mark_sends_no_second_mail(mailbox, settings):
    delivery = make_delivery()
    die_while_sending(settings, DyingAfterwardsBackend)
    assert len(mailbox.mails) == 1
    assert state(delivery)[0] == State.SENDING
    assert send_due(NOW + timedelta(hours=1)) == SendResult(unknown=1)
    assert len(mailbox.mails) == 1


def test_dying_before_the_claim_loses_nothing(mailbox, settings):
    claimed, waiting = make_delivery(1), make_delivery(2)
    die_while_sending(settings)
    assert send_due(NOW) == SendResult(sent=1)
    assert (state(claimed)[0], state(waiting)[0]) == (State.SENDING, State.SENT)


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_mail_once(mailbox):
    for number in range(6):
        make_delivery(number)
    results: list[SendResult] = []
    start = threading.Barrier(2)

    def sender() -> None:
        start.wait()
        results.append(send_due(NOW))
        connection.close()

    threads = [threading.Thread(target=sender) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(result.sent for result in results) == 6
    assert sorted(mail["Message-ID"] for mail in mailbox.mails) == sorted(
        Delivery.objects.values_list("message_id", flat=True)
    )


def test_without_a_server_mails_are_whole_files_that_a_mail_program_opens(settings):
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    delivery = make_delivery(message_id="<../20231208.x@sundial.example.com>")
    assert send_due(NOW) == SendResult(sent=1)
    (path,) = settings.MAIL_FOLDER.iterdir()
    assert path.suffix == ".eml"
    mail = message_from_bytes(path.read_bytes(), policy=default)
    assert (mail["Subject"].strip(), mail["To"]) == (delivery.subject, "ada@example.com")


def test_a_folder_that_cannot_be_written_is_tried_again(settings, tmp_path):
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    settings.MAIL_FOLDER = tmp_path / "file"
    settings.MAIL_FOLDER.write_text("in the way")
    delivery = make_delivery()
    assert send_due(NOW) == SendResult(retried=1)
    settings.MAIL_FOLDER.unlink()
    assert send_due(NOW + timedelta(minutes=1)) == SendResult(sent=1)
    assert state(delivery) == (State.SENT, "")
