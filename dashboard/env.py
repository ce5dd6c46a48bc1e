"""Reading the environment with django-environ: every value is checked, and a wrong one becomes one clear line.

A variable that is absent or empty takes its default. `NAME_FILE` names a file that holds the value of
`NAME`. A value in the environment wins over the same name in `.env`.

django-environ reads the files, casts and takes addresses apart. Not used are its `.env` reader, which skips a line
that it does not understand, and `Env.str`, for which a secret that starts with `$` is another variable's name.
"""

import re
from collections.abc import Collection, Mapping, MutableMapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from dashboard.addresses import AddressError, BaseUrl, RedisUrls, parse_base_url, parse_redis_url

__all__ = ["Environment", "read_dotenv"]

TRUE = frozenset({"1", "true", "yes", "on"})
SMTPS_PORT = 465
FALSE = frozenset({"0", "false", "no", "off"})
LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
DESTINATIONS = re.compile(
    r"(?P<variable>[A-Za-z_][A-Za-z0-9_]*\*?)\s*=\s*(?P<hosts>[\w.:*\[\]-]+(\s*\|\s*[\w.:*\[\]-]+)*)"
)
QUOTED = re.compile(r"""(?P<quote>["'])(?P<value>.*)(?P=quote)\s*(?:\#.*)?""")


def read_dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value` lines, blank lines and lines that start with `#`.

    A value may stand in single or double quotes; without quotes it is the rest of the line. An absent file
    holds nothing. Raises `ImproperlyConfigured` naming file and line; the value itself is never shown, as
    it may be a secret.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error}") from None
    variables = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = LINE.fullmatch(text)
        if not match:
            raise ImproperlyConfigured(f"{path}, line {number}: expected NAME=value")
        name, value = match["name"], match["value"]
        if value[:1] in {'"', "'"}:
            quoted = QUOTED.fullmatch(value)
            if not quoted or quoted["quote"] in quoted["value"]:
                raise ImproperlyConfigured(f"{path}, line {number}: the quotes of {name} do not match up")
            value = quoted["value"]
        variables[name] = value
    return variables


class Environment:
    """Typed access to variables; `known` collects every name that was asked for. Errors name the variable."""

    def __init__(self, variables: MutableMapping[str, str]) -> None:
        self.variables = FileAwareMapping(variables)
        self.known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands, or the content of the file named by `NAME_FILE`, less its last line end."""
        self.known |= {name, f"{name}_FILE"}
        try:
            return self.variables.get(name, "").rstrip("\r\n") or default
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None

    def secret_key(self, name: str, default: str) -> str:
        """A key that nobody guesses: long, of many different characters, and no repeated word.

        Raises ImproperlyConfigured without showing it.
        """
        key = self.text(name, default)
        is_repeated = key in (key + key)[1:-1]
        if len(key) < 32 or len(set(key)) < 10 or is_repeated or key.startswith("django-insecure-"):
            raise ImproperlyConfigured(
                f"{name} can be guessed: use 32 characters or more at random, or leave it out, and one is made"
            )
        return key

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self._cast(name, _flag, default, "1 or 0")

    def number(self, name: str, default: int) -> int:
        """A whole number, never negative."""
        return self._cast(name, _number, default, "a whole number")

    def numbers(self, name: str, default: list[int]) -> list[int]:
        """Whole numbers joined by commas."""
        return self._cast(name, [_number], default, "a whole number")

    def texts(self, name: str, default: list[str]) -> list[str]:
        """Texts joined by commas."""
        return [word for word in self._cast(name, [str.strip], [], "words") if word] or default

    def destinations(self, name: str, default: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """Hosts by variable, of `VARIABLE=host:port|*.domain` joined by commas; added to the default.

        A variable that is named replaces its default; one that is named twice has the hosts of both.
        """
        found: dict[str, tuple[str, ...]] = {}
        for word in self.texts(name, []):
            match = DESTINATIONS.fullmatch(word)
            if not match:
                raise ImproperlyConfigured(
                    f"{name} must list VARIABLE=host, such as GATEWAY_DB=db.internal:5432, not {word!r}"
                )
            hosts = tuple(host.strip() for host in match["hosts"].split("|"))
            found[match["variable"]] = found.get(match["variable"], ()) + hosts
        return {**default, **found}

    def networks(self, name: str) -> list[IPv4Network | IPv6Network]:
        """Addresses and networks joined by commas, such as 10.0.0.7,10.2.0.0/16."""
        return self._cast(name, [_network], [], "addresses or networks such as 10.0.0.7 or 10.2.0.0/16")

    def day(self, name: str) -> date | None:
        return self._cast(name, date.fromisoformat, None, "a day such as 2023-12-08")

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        def cast(text: str) -> str:
            if text not in allowed:
                raise ValueError
            return text

        return self._cast(name, cast, default, f"one of {', '.join(sorted(allowed))}")

    def database(self, name: str, default: str) -> dict[str, Any]:
        """Django's database settings of an address such as postgres://user:password@host/name."""
        text = self.text(name, default).strip()
        # The address may hold a password, so a message names its scheme at most.
        if urlsplit(text).scheme not in {"sqlite", "postgres", "postgresql"}:
            raise ImproperlyConfigured(f"{name} must start with sqlite:/// or postgres://")
        try:
            config: dict[str, Any] = environ.Env.db_url_config(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is not an address such as postgres://user@host/name") from None
        if not config.get("NAME"):
            raise ImproperlyConfigured(f"{name} names no database, as in postgres://user@host/name")
        return config

    def mail(self, name: str) -> dict[str, Any]:
        """Django's mail settings of an address such as smtp+tls://user:password@host:587; empty when unset.

        smtps:// and smtp+ssl:// are TLS from the first byte (as in curl), and so is port 465 whatever the scheme
        (RFC 8314, 3.3); smtp+tls:// is STARTTLS.
        """
        text = self.text(name).strip()
        try:
            config = dict(environ.Env.email_url_config(text)) if text else {}
        except (ImproperlyConfigured, ValueError):
            raise ImproperlyConfigured(
                f"{name} must be an address such as smtp+tls://user:password@host:587"
            ) from None
        scheme = urlsplit(text).scheme
        if scheme.startswith("smtp"):
            implicit = scheme in {"smtps", "smtp+ssl"} or config["EMAIL_PORT"] == SMTPS_PORT
            starttls = scheme == "smtp+tls" and not implicit
            default_port = SMTPS_PORT if implicit else 587 if starttls else 25
            config |= {"EMAIL_USE_SSL": implicit, "EMAIL_USE_TLS": starttls}
            config["EMAIL_PORT"] = config["EMAIL_PORT"] or default_port
        return config

    def base_url(self, name: str, default: str) -> BaseUrl:
        """The address that people open, in the form in which addresses are compared."""
        return parse_base_url(self.text(name, default).strip())

    def redis(self, name: str, default: str) -> RedisUrls:
        """The address of a Redis server as each part of Sundial needs it."""
        try:
            return parse_redis_url(self.text(name, default).strip())
        except AddressError as error:
            raise ImproperlyConfigured(f"{name} {error}") from None

    def _cast(self, name: str, cast: Any, default: Any, expected: str) -> Any:
        text = self.text(name).strip()
        if not text:
            return default
        try:
            return environ.Env.parse_value(text, cast)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be {expected}, not {text!r}") from None


def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text.strip())


def _flag(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise ValueError
    return text.lower() in TRUE


def _number(text: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError
    return int(text)
