"""Django's SMTP backend with time budgets, which also knows whether the server may have taken the message.

`EMAIL_TIMEOUT` bounds each answer of the server. A server that sends a byte now and then would never reach it, so
a timer shuts the socket down when the time of the whole conversation is up.
"""

import smtplib
import socket
from contextlib import suppress
from threading import Timer
from typing import Any

from django.core.mail.backends import smtp

__all__ = ["EmailBackend"]

CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 120.0


class _Conversation:
    """The socket of a conversation, whether its time is up, and whether a message was begun to be handed over."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.has_expired = False
        self.is_handed_over = False

    def connect(self, address: tuple[str, int], seconds: float | None, source: Any) -> socket.socket:
        connected = socket.create_connection(address, min(seconds or CONNECT_SECONDS, CONNECT_SECONDS), source)
        connected.settimeout(seconds)
        # A duplicate: TLS detaches the socket that it wraps, and the timer must still reach the connection.
        self.sock = connected.dup()
        if self.has_expired:
            connected.close()
            raise TimeoutError("the time for the whole conversation is up")
        return connected

    def expire(self) -> None:
        self.has_expired = True
        if self.sock:
            with suppress(OSError):  # it is closed already
                self.sock.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        if self.sock:
            self.sock.close()
            self.sock = None


class _SMTP(smtplib.SMTP):
    conversation: _Conversation

    def _get_socket(self, host: str, port: int, timeout: float | None) -> socket.socket:
        return self.conversation.connect((host, port), timeout, self.source_address)

    def data(self, msg: Any) -> Any:
        self.conversation.is_handed_over = True
        return super().data(msg)


class _SMTPOverTLS(smtplib.SMTP_SSL, _SMTP):
    pass


class EmailBackend(smtp.EmailBackend):
    """Connecting takes at most 10 seconds, each answer `EMAIL_TIMEOUT`, and all of it 120 seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._conversation = _Conversation()
        self._timer: Timer | None = None

    @property
    def is_handed_over(self) -> bool:
        """Whether the server may have the message: it was begun to be sent over the present connection."""
        return self._conversation.is_handed_over

    @property
    def connection_class(self) -> Any:
        # An attribute of the class, because the constructor already connects.
        return type("SMTP", (_SMTPOverTLS if self.use_ssl else _SMTP,), {"conversation": self._conversation})

    def open(self) -> bool | None:
        if self.connection:
            return False
        self._conversation = _Conversation()
        self._timer = Timer(TOTAL_SECONDS, self._conversation.expire)
        self._timer.daemon = True
        self._timer.start()
        try:
            return super().open()
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._end()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._conversation.end()
