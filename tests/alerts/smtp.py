"""A real SMTP server in the test process: STARTTLS, sign-in, and faults on demand."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

__all__ = ["Mailbox", "serving"]


class Mailbox:
    """What arrived, and how the next mail is answered."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.envelopes: list[Envelope] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.drop_after_data = False

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    async def handle_RCPT(self, server, session: Session, envelope: Envelope, address: str, options) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data.startswith("250"):
            self.raw.append(envelope.original_content or b"")
            self.envelopes.append(envelope)
        if self.drop_after_data:
            server.transport.abort()
        return self.data


class AnyPort(Controller):
    """A controller on a port that the system chooses; its start-up probe must know which."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(user: str = "sundial", password: str = "secret") -> Iterator[tuple[Mailbox, int, bytes]]:
    """A mailbox behind STARTTLS and a sign-in: (mailbox, port, the authority's certificate in PEM)."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    mailbox = Mailbox()

    def sign_in(server, session, envelope, mechanism, data) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            user.encode(),
            password.encode(),
        )
        # "handled" would mean that we have answered the client ourselves.
        return AuthResult(success=good, handled=good)

    controller = AnyPort(
        mailbox,
        hostname="127.0.0.1",
        port=0,
        tls_context=context,
        require_starttls=True,
        authenticator=sign_in,
        auth_required=True,
    )
    controller.start()
    try:
        yield mailbox, controller.port, authority.cert_pem.bytes()
    finally:
        controller.stop()
