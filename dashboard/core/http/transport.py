"""One GET over urllib3, within limits and cut off at a deadline.

Timeouts of single reads never end an answer that trickles in, neither its headers nor its body; so a timer
shuts the socket down when the time of a try is up.
"""

import socket
import ssl
import time
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Timer
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.response import BaseHTTPResponse

from dashboard.core.http.addresses import check_host, check_peer
from dashboard.core.http.limits import Limits, RefusedError, TooLargeError, TooSlowError, TryAgainError

__all__ = ["HTTPAnswer", "PublicConnection", "Transport"]

CHUNK = 64 * 1024
GZIP = 16 + zlib.MAX_WBITS
ENCODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}


@dataclass(frozen=True, slots=True)
class HTTPAnswer:
    """What a server answered; `content` is read, and decompressed, only of a 200."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes


class _Watch:
    """The socket of the request that is under way, and whether its time is up."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.only_public = False
        self.has_expired = False

    def expire(self) -> None:
        self.has_expired = True
        if self.sock:
            with suppress(OSError):  # it is closed already
                self.sock.shutdown(socket.SHUT_RDWR)


class PublicConnection(HTTPConnection):
    """A connection that is not opened to a private network. Raises PrivateAddressError.

    The addresses of the name are looked at first, so that closed ports of a private network look like open ones;
    then the address that was connected to, as a name may stand for another one a moment later.
    """

    is_public_only = True

    def _new_conn(self) -> socket.socket:
        is_checked = self.is_public_only and not self.proxy
        port = self.port or self.default_port
        if is_checked:
            check_host(self.host, port)
        sock = super()._new_conn()
        if is_checked:
            try:
                check_peer(sock, self.host, port)
            except BaseException:
                sock.close()
                raise
        return sock


class _WatchedConnection(PublicConnection):
    def __init__(self, *args: Any, watch: _Watch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.watch = watch

    def connect(self) -> None:
        self.is_public_only = self.watch.only_public
        super().connect()
        # Kept here, because the connection lets go of it when it reads an answer without a length.
        self.watch.sock = self.sock
        if self.watch.has_expired:
            raise TimeoutError

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock:  # it is open from an earlier request
            self.watch.sock = self.sock
        super().request(*args, **kwargs)


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    pass


class Transport:
    """Connections that are kept open between the requests of one client. Not for several threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.watch = _Watch()
        self.tls = ssl.create_default_context()
        self.managers: dict[str, urllib3.PoolManager] = {}

    def get(self, at: SplitResult, headers: Mapping[str, str], *, ends_at: float, only_public: bool) -> HTTPAnswer:
        """Raises an HttpError, or PrivateAddressError when `only_public`. `ends_at` is of the monotonic clock."""
        try:
            with self._deadline(ends_at, only_public=only_public):
                if only_public and _proxy_for(at):
                    check_host(
                        at.hostname or "", at.port or 443
                    )  # the proxy connects, so nothing else can be seen
                response = self._pool(at).urlopen(
                    "GET",
                    (at.path or "/") + (f"?{at.query}" if at.query else ""),
                    headers=dict(headers),
                    retries=False,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                    timeout=urllib3.Timeout(connect=self.limits.connect, read=self.limits.read),
                )
                try:
                    content = _read(response, self.limits.size) if response.status == 200 else b""
                except BaseException:
                    response.close()
                    raise
                if response.status != 200:
                    response.close()  # its body is not read
        except (HTTPError, OSError, UnicodeError) as error:
            if self.watch.has_expired:
                raise self._too_slow() from None
            raise TryAgainError(_reason(error, at.hostname or "")) from None
        if self.watch.has_expired:  # cut off where no length had been announced
            raise self._too_slow()
        return HTTPAnswer(response.status, response.reason or "", response.headers, content)

    def _pool(self, at: SplitResult) -> urllib3.HTTPConnectionPool:
        proxy = _proxy_for(at)
        if proxy not in self.managers:
            self.managers[proxy] = self._manager(proxy)
        pool = self.managers[proxy].connection_from_host(at.hostname, at.port, at.scheme)
        connection = _WatchedTlsConnection if at.scheme == "https" else _WatchedConnection
        pool.ConnectionCls = partial(connection, watch=self.watch)  # type: ignore[assignment]
        return pool

    def _manager(self, proxy: str) -> urllib3.PoolManager:
        if not proxy:
            return urllib3.PoolManager(ssl_context=self.tls)
        parts = urlsplit(proxy)
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
        return urllib3.ProxyManager(
            proxy,
            proxy_headers=urllib3.make_headers(proxy_basic_auth=login),
            proxy_ssl_context=self.tls,
            ssl_context=self.tls,
        )

    @contextmanager
    def _deadline(self, ends_at: float, *, only_public: bool) -> Iterator[None]:
        self.watch.sock, self.watch.has_expired = None, False
        self.watch.only_public = only_public
        timer = Timer(max(0.0, ends_at - time.monotonic()), self.watch.expire)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _too_slow(self) -> TooSlowError:
        return TooSlowError(f"the answer took longer than {self.limits.total:g} seconds")


def _read(response: BaseHTTPResponse, size: int) -> bytes:
    """The body, decompressed, at most `size` bytes of it."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise RefusedError(f"the answer is compressed in a way not asked for: {encoding[:40]!r}")
    if (response.length_remaining or 0) > size:
        raise _too_large(size)
    chunks = iter(partial(response.read1, CHUNK), b"")
    parts, total = [], 0
    for part in _inflated(chunks) if ENCODINGS[encoding] else chunks:
        total += len(part)
        if total > size:
            raise _too_large(size)
        parts.append(part)
    response.release_conn()
    return b"".join(parts)


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompressed pieces of bounded size, however much the few bytes of a chunk hold."""
    decoder = zlib.decompressobj(GZIP)
    try:
        for chunk in chunks:
            while chunk and not decoder.eof:
                yield decoder.decompress(chunk, CHUNK)
                chunk = decoder.unconsumed_tail
    except zlib.error:
        raise RefusedError("the answer is damaged: it is not gzip as its header says") from None
    if not decoder.eof:
        raise ProtocolError("the gzip stream ends early")


def _proxy_for(at: SplitResult) -> str:
    """The proxy's address; "" for none."""
    if at.scheme != "https" or urllib.request.proxy_bypass(at.hostname or ""):
        return ""
    proxy = urllib.request.getproxies().get("https", "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _too_large(size: int) -> TooLargeError:
    return TooLargeError(f"larger than {size // 1024 // 1024} MB")


def _reason(error: BaseException, host: str) -> str:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not valid: {cause.verify_message}"
        if isinstance(cause, ConnectionRefusedError):
            return "refuses connections"
    if any(isinstance(cause, TimeoutError | Urllib3TimeoutError) for cause in causes):
        return "no answer in time"
    if any(isinstance(cause, ProtocolError | ConnectionError) for cause in causes):
        return "the connection broke off"
    return f"{host} cannot be reached: {causes[-1]}"[:300]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from: urllib3 wraps those of the system, some of them twice."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, cause.__cause__, cause.__context__]
