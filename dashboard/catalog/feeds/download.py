"""Reading a feed from the network or from a file: bounded in time and size, and nothing but what was asked for.

Only https, except from this host itself. A redirect may lead to another public host, never into the network
that Sundial stands in, and no secret goes along. `HTTPS_PROXY` and `NO_PROXY` are heeded.
"""

import base64
import http.client
import ipaddress
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from dashboard.catalog.feeds.base import MAX_BYTES, FeedError

__all__ = ["USUAL", "Copy", "Limits", "fetch", "read_file"]

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
AGAIN = frozenset({429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, bytes and numbers. `total` is for one try, `pause` before the second, doubled before each next."""

    connect: float = 10
    read: float = 20
    total: float = 120
    size: int = MAX_BYTES
    redirects: int = 3
    tries: int = 3
    pause: float = 2
    longest_pause: float = 30


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a feed; `content` is None when it has not changed since the copy with that `etag`."""

    content: bytes | None
    etag: str = ""


USUAL = Limits()


class _TryAgainError(Exception):
    """It may work in a moment. `after` is how long the server asks to wait."""

    def __init__(self, message: str, after: float = 0) -> None:
        super().__init__(message)
        self.after = after


def read_file(path: Path, limits: Limits = USUAL) -> Copy:
    """A saved copy. Raises FeedError when it cannot be read or is too large."""
    try:
        with path.open("rb") as stream:
            content = stream.read(limits.size + 1)
    except OSError as problem:
        raise FeedError(f"{path}: {problem.strerror or problem}") from None
    if len(content) > limits.size:
        raise FeedError(_too_large(limits))
    return Copy(content)


def fetch(url: str, *, secret: str = "", etag: str = "", limits: Limits = USUAL) -> Copy:
    """The feed at `url`, `secret` as its bearer token; FeedError says in one line why there is none."""
    headers = {"Accept": "application/json, application/yaml, text/plain", "User-Agent": "Sundial"}
    if etag:
        headers["If-None-Match"] = etag
    pause = limits.pause
    for left in reversed(range(limits.tries)):
        try:
            return _follow(url, headers, secret, limits)
        except _TryAgainError as problem:
            if not left:
                raise FeedError(f"{problem}, {limits.tries} times") from None
            time.sleep(min(max(pause, problem.after), limits.longest_pause))
            pause *= 2
    raise FeedError("nothing was tried")


def _follow(url: str, headers: Mapping[str, str], secret: str, limits: Limits) -> Copy:
    asked = _address(url)
    at = asked
    for _ in range(limits.redirects + 1):
        own = at.netloc == asked.netloc
        sent = {**headers, "Authorization": f"Bearer {secret}"} if secret and own else headers
        answer = _get(at, sent, limits, anywhere=own)
        if isinstance(answer, Copy):
            return answer
        at = _address(urljoin(at.geturl(), answer))
    raise FeedError(f"redirects more than {limits.redirects} times")


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        allowed = valid = False
    if not allowed or not valid:
        raise FeedError(f"only https addresses are read, not {url[:200]!r}")
    return parts


def _get(at: SplitResult, headers: Mapping[str, str], limits: Limits, *, anywhere: bool) -> Copy | str:
    """One request: the copy, or the address it redirects to. `anywhere`: the host may be a private one."""
    path = (at.path or "/") + (f"?{at.query}" if at.query else "")
    connection, proxied = _connection(at, limits)
    try:
        connection.connect()
        sock = connection.sock
        sock.settimeout(limits.read)
        if not anywhere and not proxied and not ipaddress.ip_address(sock.getpeername()[0]).is_global:
            raise FeedError(f"redirects to {at.hostname}, which is not a public host")
        with _deadline(sock, limits.total) as expired:
            try:
                connection.request("GET", path, headers=dict(headers))
                answer = _answer(connection.getresponse(), limits)
            except (OSError, http.client.HTTPException) as problem:
                if expired.is_set():
                    raise FeedError(_too_slow(limits)) from None
                raise _TryAgainError(_reason(problem, "the answer broke off")) from None
            if expired.is_set():  # cut off where no length had been promised
                raise FeedError(_too_slow(limits))
            return answer
    except (OSError, http.client.HTTPException, UnicodeError) as problem:
        raise _TryAgainError(_reason(problem, f"{at.hostname} cannot be reached")) from None
    finally:
        connection.close()


def _connection(at: SplitResult, limits: Limits) -> tuple[http.client.HTTPConnection, bool]:
    host, port = at.hostname or "", at.port
    if at.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=limits.connect), False
    context = ssl.create_default_context()
    proxy = urlsplit(urllib.request.getproxies().get("https", ""))
    if not proxy.hostname or urllib.request.proxy_bypass(host):
        return http.client.HTTPSConnection(host, port, timeout=limits.connect, context=context), False
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=limits.connect, context=context)
    login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
    known = {"Proxy-Authorization": f"Basic {base64.b64encode(login).decode()}"} if proxy.username else {}
    connection.set_tunnel(host, port or 443, known)
    return connection, True


@contextmanager
def _deadline(sock: socket.socket, seconds: float) -> Iterator[threading.Event]:
    """Shut the socket when time is up: timeouts of single reads never end an answer that trickles."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        with suppress(OSError):  # closed already
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()


def _answer(response: http.client.HTTPResponse, limits: Limits) -> Copy | str:
    etag = response.headers.get("ETag", "")[:200]
    if response.status == 304:
        return Copy(None, etag)
    if response.status in REDIRECTS and (target := response.headers.get("Location")):
        return target
    if response.status in AGAIN:
        after = response.headers.get("Retry-After", "")
        raise _TryAgainError(
            f"answers {response.status} {response.reason}", float(after) if after.isdigit() else 0
        )
    if response.status in {401, 403}:
        raise FeedError(f"answers {response.status} {response.reason}: the key is missing, wrong or not allowed")
    if response.status != 200:
        raise FeedError(f"answers {response.status} {response.reason}")
    if response.headers.get_content_type() in {"text/html", "application/xhtml+xml"}:
        raise FeedError("the answer is a web page")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FeedError("the answer is compressed, which was not asked for")
    return Copy(_body(response, limits), etag)


def _body(response: http.client.HTTPResponse, limits: Limits) -> bytes:
    promised = response.length
    if promised and promised > limits.size:
        raise FeedError(_too_large(limits))
    parts, size = [], 0
    while part := response.read1(CHUNK):
        size += len(part)
        if size > limits.size:
            raise FeedError(_too_large(limits))
        parts.append(part)
    if promised and size < promised:
        raise http.client.IncompleteRead(b"", promised - size)
    return b"".join(parts)


def _too_slow(limits: Limits) -> str:
    return f"the answer took longer than {limits.total:g} seconds"


def _too_large(limits: Limits) -> str:
    return f"larger than {limits.size // 1024 // 1024} MB"


def _reason(problem: Exception, otherwise: str) -> str:
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not valid: {problem.verify_message}"
    if isinstance(problem, http.client.IncompleteRead | http.client.RemoteDisconnected | ConnectionError):
        return (
            "the connection broke off"
            if not isinstance(problem, ConnectionRefusedError)
            else "refuses connections"
        )
    return f"{otherwise}: {problem}"[:300]
