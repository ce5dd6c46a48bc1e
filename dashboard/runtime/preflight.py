"""Checks before anything starts; each failure is one line that says what to do."""

import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import ERROR, CheckMessage, run_checks
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from dashboard.core.health import BrokerUnreachableError, ping_broker
from dashboard.runtime import broker

__all__ = [
    "StartError",
    "check_database_version",
    "check_port",
    "check_services",
    "check_settings",
    "check_state_folder",
    "lock_state_folder",
    "wait_for_earlier_broker",
]

BROKER_TIMEOUT = 5.0
BROKER_EXIT_SECONDS = 3.0
FORMER_LABELS = {"kit"}  # of apps that were renamed


class StartError(Exception):
    """Sundial cannot start here; the text is one line for the person at the terminal."""


def check_state_folder(var: Path) -> None:
    """Raise StartError unless files can be written to the state folder."""
    probe = var / "run" / f".probe-{os.getpid()}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartError(f"The state folder {var} is not writable ({error.strerror}): set SUNDIAL_VAR") from None


def lock_state_folder(var: Path) -> IO[str]:
    """Lock the state folder for this process: two on one folder would compete for its queue.

    The lock lasts as long as the returned file is open. The kernel drops it with the process, so a process that
    was killed blocks nobody.
    """
    handle = (var / "run" / "up.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise StartError(f"Sundial is already running on {var} (process {owner}): stop that one first") from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def wait_for_earlier_broker(path: Path) -> None:
    """Wait until no broker of an earlier start serves the socket `path`, for at most `BROKER_EXIT_SECONDS`."""
    deadline = time.monotonic() + BROKER_EXIT_SECONDS
    while broker.is_ready(path):
        if time.monotonic() > deadline:
            raise StartError(f"An embedded broker of an earlier start still serves {path}: stop it first")
        time.sleep(0.05)


def check_port(host: str, port: int) -> None:
    """Raise StartError unless the web server can listen on `host` and `port`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise StartError(f"--host {host} is no address of this machine") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise StartError(
                f"Port {port} needs more rights than we have: choose one above 1023 with --port"
            ) from None
        except OSError as error:
            raise StartError(
                f"Port {port} on {host} is taken ({error.strerror}): choose another with --port"
            ) from None


def check_services() -> None:
    """Raise StartError unless the database, and an external broker, can be reached."""
    try:
        connection.ensure_connection()
    except (DatabaseError, OSError) as error:
        raise StartError(f"The database {_database()} cannot be reached: {_first_line(error)}") from None
    if settings.REDIS_EMBEDDED:
        return
    try:
        ping_broker(settings.REDIS_URL, BROKER_TIMEOUT)
    except BrokerUnreachableError as error:
        if isinstance(error.__cause__, ValueError):
            raise StartError(
                f"REDIS_URL is not an address such as redis://host:6379/0: {_first_line(error)}"
            ) from None
        raise StartError(f"REDIS_URL ({_without_password(settings.REDIS_URL)}): {_first_line(error)}") from None


def check_database_version() -> None:
    """Raise StartError if a development version before the migrations were made anew has made the database.

    Such a database has migrations on record that this version does not have; it would fail at the first query.
    """
    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("dashboard.")}
    loader = MigrationLoader(connection)
    unknown = sorted(
        f"{label}.{name}"
        for label, name in loader.applied_migrations
        if label in ours | FORMER_LABELS and (label, name) not in loader.disk_migrations
    )
    if unknown:
        raise StartError(
            f"The database {_database()} was made by an earlier development version and cannot be upgraded "
            f"(migration {unknown[0]}): start with an empty one, for example by moving {settings.VAR} away"
        )


def check_settings() -> list[str]:
    """Raise StartError if a system check fails; returns their warnings, one line each."""
    # Django's checks have no order: ours, which name our settings, come first.
    messages = sorted(run_checks(), key=lambda message: not (message.id or "").startswith("sundial."))
    errors = [_in_one_line(message) for message in messages if message.level >= ERROR]
    if errors:
        more = f" And {len(errors) - 1} more: see `manage.py check`." if len(errors) > 1 else ""
        raise StartError(f"{errors[0]}.{more}")
    return [_in_one_line(message) for message in messages]


def _in_one_line(message: CheckMessage) -> str:
    text = f"{message.msg} ({message.hint})" if message.hint else str(message.msg)
    return " ".join(text.split())


def _database() -> str:
    config = settings.DATABASES["default"]
    return f"{config['NAME']} on {config['HOST']}" if config.get("HOST") else str(config["NAME"])


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip()
