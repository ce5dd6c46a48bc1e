"""The HTTP client of everything that Sundial fetches: catalog feeds and the usage APIs of providers.

- Addresses are https; plain http only on this host itself.
- Bounded: time to connect, time between reads, time of a whole try, bytes (also after decompression), redirects.
- A redirect may lead to another public host, never into the network that Sundial stands in, and the `secret`
  headers do not go along. Without `Limits.redirects` none is followed.
- For an address that an editor chose (`only_public`), no request goes to a private network: `core.http.addresses`.
- Certificates are checked against the system's authorities (`SSL_CERT_FILE` names others).
- `HTTPS_PROXY` and `NO_PROXY` are heeded; plain http never goes to a proxy.
- What may pass (no connection, 429, 5xx) is tried again with back-off; `Retry-After` replaces the pause.

urllib3 is loaded with the first request, by `core.http.transport`.
"""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from django.conf import settings

from dashboard.core.http.addresses import PrivateAddressError
from dashboard.core.http.limits import (
    AddressError,
    Limits,
    RefusedError,
    TryAgainError,
)

if TYPE_CHECKING:
    from dashboard.core.http.transport import Transport

__all__ = ["Client", "Response"]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
DATE_PAUSE = 10.0  # for a Retry-After that names a time of the server's clock


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with status 200, or 304 without content. Header names are matched without regard to case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Client:
    """GET with the same headers and limits. `secret` headers go only to the host of the address asked for.

    `only_public` is for addresses that somebody other than the operator chose: private networks are refused.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        limits: Limits,
        only_public: bool = False,
    ) -> None:
        self.headers = {
            "User-Agent": f"Sundial/{settings.VERSION}",
            "Accept-Encoding": "gzip",
            **(headers or {}),
        }
        self.secret = dict(secret or {})
        self.limits = limits
        self.only_public = only_public
        self.waiting_left = limits.waiting
        self._transport: Transport | None = None

    def get(self, url: str) -> Response:
        """The answer to a GET. Raises an HttpError; a TryAgainError only after the last try."""
        pause = self.limits.pause
        tries = 1
        while True:
            try:
                return self._follow(url)
            except TryAgainError as error:
                error.tries = tries
                wait = min(_seconds(error.after, pause), self.limits.longest_pause)
                if tries >= self.limits.tries or wait > self.waiting_left:
                    raise
            self.waiting_left -= wait
            time.sleep(wait)
            tries += 1
            pause *= 2

    def _follow(self, url: str) -> Response:
        """One try: the request, and those that redirects lead to."""
        first = at = _parse(url)
        ends_at = time.monotonic() + self.limits.total
        for _ in range(self.limits.redirects + 1):
            is_own = at.netloc == first.netloc
            headers = {**self.headers, **self.secret} if is_own else self.headers
            only_public = self.only_public or not is_own
            try:
                answer = self._load_transport().get(at, headers, ends_at=ends_at, only_public=only_public)
            except PrivateAddressError as error:
                raise AddressError(
                    str(error) if is_own else f"redirects to {at.hostname}, which is not a public host"
                ) from None
            target = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not target or not self.limits.redirects:
                return _checked(answer.status, answer.reason, answer.headers, answer.content)
            at = _parse(target, at)
        raise AddressError(f"redirects more than {self.limits.redirects} times")

    def _load_transport(self) -> "Transport":
        if self._transport is None:
            from dashboard.core.http.transport import Transport

            self._transport = Transport(self.limits)
        return self._transport


def _checked(status: int, reason: str, headers: Mapping[str, str], content: bytes) -> Response:
    text = f"answers {status} {reason}".strip()
    if status == 429 or status >= 500:
        raise TryAgainError(text, status, headers.get("Retry-After", ""))
    if status not in {200, 304}:
        raise RefusedError(text, status)
    return Response(status, headers, content)


def _parse(url: str, base: SplitResult | None = None) -> SplitResult:
    try:
        parts = urlsplit(urljoin(base.geturl(), url) if base else url)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        allowed = valid = False
    if not allowed or not valid:
        raise AddressError(f"only https addresses are read, not {url[:200]!r}")
    return parts


def _seconds(after: str, otherwise: float) -> float:
    """The pause that a `Retry-After` of seconds asks for; one that names a date is not measured by our clock."""
    text = after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    with suppress(ValueError):
        parsedate_to_datetime(text)
        return max(otherwise, DATE_PAUSE)
    return otherwise
