"""A mail server that is slow, silent or away costs one mail's budget per run, and no mail its fate."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage, get_connection

from dashboard.alerts import smtp_backend
from dashboard.alerts.delivery import SendResult, send_due
from dashboard.alerts.models import Delivery, State
from dashboard.core import locks
from tasks.notify import deliver
from tests import silent_server
from tests.alerts.smtp import serving
from tests.alerts.test_delivery import NOW, make_delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _smtp(settings):
    settings.EMAIL_BACKEND = "dashboard.alerts.smtp_backend.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does `talk` with its first client; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                try:
                    talk(client)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
    thread.join(30)


def states() -> list[tuple[str, int]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "attempts"))


def test_a_run_ends_at_the_first_mail_for_which_the_server_cannot_be_reached():
    for number in range(5):
        make_delivery(number)
    assert send_due(NOW) == SendResult(retried=1)
    assert states() == [("pending", 1), *[("pending", 0)] * 4]


def test_a_server_that_never_says_a_word_is_left_alone_after_one_mail(settings):
    for number in range(5):
        make_delivery(number)
    with silent_server.running() as settings.EMAIL_PORT:
        assert send_due(NOW) == SendResult(retried=1)
    assert states() == [("pending", 1), *[("pending", 0)] * 4]
    assert "timed out" in Delivery.objects.earliest("pk").error


def _endless_greeting(client: socket.socket) -> None:
    while True:
        client.sendall(b"2")  # no line ever ends, and no read of a byte takes long
        threading.Event().wait(0.05)


@pytest.mark.parametrize("use_ssl", [False, True])
def test_a_conversation_that_trickles_ends_with_its_time(settings, monkeypatch, use_ssl):
    settings.EMAIL_USE_SSL = use_ssl
    monkeypatch.setattr(smtp_backend, "TOTAL_SECONDS", 0.5)
    monkeypatch.setattr("smtplib._MAXLINE", 1 << 30)
    make_delivery()
    with talking(_endless_greeting) as settings.EMAIL_PORT:
        assert send_due(NOW) == SendResult(retried=1)
    assert states() == [("pending", 1)]


def test_a_server_that_hangs_before_the_message_has_not_got_it(settings):
    """Silence after MAIL FROM: nothing was handed over, so it may be tried again."""

    def talk(client: socket.socket) -> None:
        client.sendall(b"220 hello\r\n")
        client.recv(4096)
        client.sendall(b"250 hello\r\n")
        while client.recv(4096):
            pass

    for number in range(2):
        make_delivery(number)
    with talking(talk) as settings.EMAIL_PORT:
        assert send_due(NOW) == SendResult(retried=1)
    assert states() == [("pending", 1), ("pending", 0)]


def test_a_server_that_hangs_after_the_message_may_have_it_and_gets_no_other(settings):
    def talk(client: socket.socket) -> None:
        for answer in (b"220 hello", b"250 hello", b"250 from", b"250 to", b"354 go on"):
            client.sendall(answer + b"\r\n")
            client.recv(4096)
        while client.recv(4096):
            pass

    for number in range(2):
        make_delivery(number)
    with talking(talk) as settings.EMAIL_PORT:
        assert send_due(NOW) == SendResult(unknown=1)
    assert states() == [(State.UNKNOWN, 1), (State.PENDING, 0)]


def test_while_one_run_is_at_it_another_does_nothing():
    make_delivery()
    with locks.try_lock("deliver", seconds=60):
        deliver()
    assert states() == [("pending", 0)]
    deliver()
    assert states() == [("pending", 1)]


def test_mail_outside_the_outbox_is_sent_too(settings, monkeypatch, tmp_path):
    with serving() as (mailbox, port, authority):
        (tmp_path / "ca.pem").write_bytes(authority)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        settings.EMAIL_PORT, settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = port, True, 30
        connection = get_connection(username="sundial", password="secret")
        for subject in ("one", "two"):
            EmailMessage(subject, "text", "a@example.com", ["b@example.com"], connection=connection).send()
        assert [mail["Subject"] for mail in mailbox.mails] == ["one", "two"]


def test_a_run_after_the_server_is_back_sends_what_waited(settings):
    for number in range(3):
        make_delivery(number)
    send_due(NOW)
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    assert send_due(NOW + timedelta(minutes=1)) == SendResult(sent=3)
