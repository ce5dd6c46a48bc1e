"""Reading the environment: every value is checked here, and a wrong one becomes one clear line.

A variable that is absent or empty takes its default. `NAME_FILE` names a file that holds the value of
`NAME`. A value in the environment wins over the same name in `.env`.
"""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

__all__ = ["Environment", "read_dotenv"]

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
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
    found = {}
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
        found[name] = value
    return found


class Environment:
    """Typed access to variables; `known` collects every name that was asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.known: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands, or what the file named by `NAME_FILE` holds, less its last line end."""
        self.known |= {name, f"{name}_FILE"}
        if file := self.variables.get(f"{name}_FILE"):
            try:
                return Path(file).expanduser().read_text(encoding="utf-8").rstrip("\r\n") or default
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None
        return self.variables.get(name, "") or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name).strip().lower()
        if text and text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}")
        return text in TRUE if text else default

    def number(self, name: str, default: int) -> int:
        """A whole number, never negative."""
        text = self.text(name).strip()
        if not text:
            return default
        return _number(name, text)

    def numbers(self, name: str, default: list[int]) -> list[int]:
        """Whole numbers joined by commas."""
        parts = self.words(name, [])
        return [_number(name, part) for part in parts] if parts else default

    def words(self, name: str, default: list[str]) -> list[str]:
        """Words joined by commas."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()] or default

    def day(self, name: str) -> date | None:
        text = self.text(name).strip()
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a day such as 2023-12-08, not {text!r}") from None

    def choice(self, name: str, default: str, allowed: frozenset[str]) -> str:
        text = self.text(name, default).strip()
        if text not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(allowed))}, not {text!r}")
        return text

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
        """Django's mail settings of an address such as smtp+tls://user:password@host:587; empty when unset."""
        text = self.text(name).strip()
        if not text:
            return {}
        try:
            return dict(environ.Env.email_url_config(text))
        except (ImproperlyConfigured, ValueError):
            raise ImproperlyConfigured(
                f"{name} must be an address such as smtp+tls://user:password@host:587"
            ) from None


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}")
    return int(text)
