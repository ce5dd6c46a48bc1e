"""Addresses in settings, taken apart once, so that every part of Sundial reads the same thing in them."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

__all__ = ["AddressError", "BaseUrl", "RedisUrls", "parse_base_url", "parse_redis_url"]

DEFAULT_PORTS = {"http": 80, "https": 443}
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
TLS_OPTIONS = ("ssl_cert_reqs", "ssl_check_hostname", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
TLS_DEFAULTS = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}


class AddressError(ValueError):
    """An address that cannot be used; the text completes "NAME ..." and shows no secret."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """Where people open Sundial: `origin` as browsers write it, and `path`, empty or like "/sundial"."""

    origin: str
    path: str = ""
    host: str = ""
    """As ALLOWED_HOSTS has it; empty when the text was no address."""

    def __str__(self) -> str:
        return self.origin + self.path

    @property
    def is_valid(self) -> bool:
        return bool(self.host)

    @property
    def is_https(self) -> bool:
        return self.origin.startswith("https://")


def parse_base_url(text: str) -> BaseUrl:
    """The base URL `text`: scheme and host in lower case, without a default port and a last slash.

    What is no such address is returned as it stands, for the system check that names it.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # UnicodeError is one
        return BaseUrl(text)
    path = parts.path.rstrip("/")
    extra = parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in DEFAULT_PORTS or not host or extra or not PATH.fullmatch(path):
        return BaseUrl(text)
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    return BaseUrl(f"{parts.scheme}://{netloc}", path, host)


@dataclass(frozen=True, slots=True)
class RedisUrls:
    """One Redis server, as the client library (cache, locks) and as Celery's broker write its address."""

    client: str
    broker: str
    broker_tls: dict[str, Any] | None = None
    """What Celery has to be told apart from the address."""


def parse_redis_url(text: str) -> RedisUrls:
    """The server at redis://, rediss:// (TLS) or unix:// (also redis+socket://).

    With TLS the certificate and its host name are verified, unless the query says `ssl_cert_reqs=none` or
    `ssl_check_hostname=false`. Raises AddressError for anything that the client and Celery do not both understand.
    """
    if text.startswith(("sentinel", "redis+sentinel")):
        raise AddressError(
            "is an address of Sentinel, which is not supported: name the server, redis://host:6379/0"
        )
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError:
        raise AddressError("is not an address such as redis://host:6379/0") from None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme in {"unix", "redis+socket"}:
        return _socket_urls(parts.netloc, parts.path, query)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        raise AddressError("must start with redis://host, rediss://host or unix:///path")
    _refuse_unknown(query, TLS_OPTIONS if parts.scheme == "rediss" else ())
    if not re.fullmatch(r"/?[0-9]{0,4}", parts.path):
        raise AddressError("must end with the number of a database, as in redis://host:6379/0")
    plain = parts._replace(query="").geturl()
    if parts.scheme == "redis":
        return RedisUrls(plain, plain)
    query = TLS_DEFAULTS | query
    if query["ssl_cert_reqs"] not in {"required", "optional", "none"}:
        raise AddressError("has an ssl_cert_reqs that is not required, optional or none")
    if query["ssl_check_hostname"] not in {"true", "false"}:
        raise AddressError("has an ssl_check_hostname that is not true or false")
    tls = {**query, "ssl_check_hostname": query["ssl_check_hostname"] == "true"}
    return RedisUrls(f"{plain}?{urlencode(query, quote_via=quote, safe='/')}", plain, tls)


def _socket_urls(netloc: str, path: str, query: dict[str, str]) -> RedisUrls:
    _refuse_unknown(query, ("db", "virtual_host"))
    database = query.get("db") or query.get("virtual_host") or "0"
    user, _, host = netloc.rpartition("@")
    if host or not path.strip("/") or not re.fullmatch("[0-9]{1,4}", database):
        raise AddressError("must be like unix:///run/redis.sock?db=0")
    place = (f"{user}@" if user else "") + quote(unquote(path), safe="/")
    return RedisUrls(f"unix://{place}?db={database}", f"redis+socket://{place}?virtual_host={database}")


def _refuse_unknown(query: dict[str, str], known: tuple[str, ...]) -> None:
    for name in query:
        if name not in known:
            raise AddressError(f"has the option {name[:40]!r}, which not every part of Sundial understands")
