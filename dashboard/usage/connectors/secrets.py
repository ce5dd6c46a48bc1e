"""Secrets of sources: a source keeps the name of an environment variable, never its value.

The operator lists the variables in `SUNDIAL_SOURCE_SECRETS`, each with the hosts to which it may go. Whoever edits
a source can neither have another variable read nor send one of these elsewhere.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from dashboard.core.http.addresses import host_matches

__all__ = [
    "FILE",
    "Destination",
    "SecretError",
    "check_destinations",
    "parse_destination",
    "read_secret",
    "variable_name",
]

_reference = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,99})")
_host = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
# Sundial's own: a source must not be a way to send them elsewhere.
OWN = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"}
PORTS = {"http": 80, "https": 443}


class SecretError(Exception):
    """The secret is not named as it should be, may not be used so, or is not there; one sentence without it."""


class Destination(NamedTuple):
    """Where a secret is about to go; `port` is None where the driver chooses it."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


FILE = Destination("file", None)
"""Stands for a file or socket of this machine."""


def parse_destination(url: str) -> Destination:
    """Host and port of an http address without user, password, query or odd characters. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in PORTS or parts.query or parts.fragment or "@" in parts.netloc or "\\" in url:
        raise ValueError(parts.scheme)
    host = parts.hostname or ""
    if not _host.fullmatch(host) or any(character.isspace() for character in url):
        raise ValueError(host)
    return Destination(host, parts.port or PORTS[parts.scheme])


def variable_name(reference: object) -> str:
    """The variable that `env:NAME` names. Raises SecretError, which does not repeat what was written.

    The variable must be one that the operator lists.
    """
    found = _reference.fullmatch(reference) if isinstance(reference, str) else None
    if not found:
        raise SecretError(gettext("Secrets are named, such as env:OPENAI_ADMIN_KEY; never write one here"))
    name = found[1]
    if name in OWN or name.startswith("SUNDIAL_"):
        raise SecretError(gettext("%(name)s belongs to Sundial itself; use another variable") % {"name": name})
    if not _hosts_of(name):
        raise SecretError(
            gettext("Sources may not use %(name)s: it is not listed in SUNDIAL_SOURCE_SECRETS") % {"name": name}
        )
    return name


def check_destinations(name: str, destinations: Iterable[Destination]) -> None:
    """Raise SecretError if a variable may not go to one of the destinations."""
    for destination in destinations:
        if not any(host_matches(pattern, *destination) for pattern in _hosts_of(name)):
            raise SecretError(
                gettext("%(name)s may not go to %(host)s: SUNDIAL_SOURCE_SECRETS lists the hosts of each variable")
                % {"name": name, "host": str(destination)[:200]}
            )


def read_secret(reference: object, *destinations: Destination, environment: Mapping[str, str] = os.environ) -> str:
    """The value of the variable that `env:NAME` names, to be sent to `destinations` only. Raises SecretError.

    Without destinations the caller checks those that the value itself names, before it connects.
    """
    name = variable_name(reference)
    check_destinations(name, destinations)
    value = environment.get(name, "").strip()
    if not value:
        raise SecretError(gettext("The environment variable %(name)s is not set") % {"name": name})
    return value


def _hosts_of(name: str) -> tuple[str, ...]:
    """The hosts of a variable: of its own entry, else of the longest pattern that matches it."""
    listed: Mapping[str, tuple[str, ...]] = settings.SUNDIAL_SOURCE_SECRETS
    if name in listed:
        return listed[name]
    patterns = [key for key in listed if key.endswith("*") and name.startswith(key[:-1])]
    return listed[max(patterns, key=len)] if patterns else ()
