"""Secrets of sources: a source keeps the name of an environment variable, never its value."""

import os
import re
from collections.abc import Mapping

from django.utils.translation import gettext

__all__ = ["SecretError", "read_secret", "variable_name"]

_reference = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,99})")
# Sundial's own: a source must not be a way to send them elsewhere.
OWN = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"}


class SecretError(Exception):
    """The secret is not named as it should be, or not there; the message is one sentence without it."""


def variable_name(reference: object) -> str:
    """The variable that `env:NAME` names. Raises SecretError, which does not repeat what was written."""
    found = _reference.fullmatch(reference) if isinstance(reference, str) else None
    if not found:
        raise SecretError(gettext("Secrets are named, such as env:OPENAI_ADMIN_KEY; never write one here"))
    if found[1] in OWN or found[1].startswith("SUNDIAL_"):
        raise SecretError(gettext("%(name)s belongs to Sundial itself; use another variable") % {"name": found[1]})
    return found[1]


def read_secret(reference: object, environment: Mapping[str, str] = os.environ) -> str:
    """The value of the variable that `env:NAME` names. Raises SecretError."""
    name = variable_name(reference)
    value = environment.get(name, "").strip()
    if not value:
        raise SecretError(gettext("The environment variable %(name)s is not set") % {"name": name})
    return value
