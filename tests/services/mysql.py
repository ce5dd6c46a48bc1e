"""A MariaDB of our own for the length of a test run, as `postgres.py` has a PostgreSQL.

Its binaries are run directly, under an unprivileged user when we are root, with data and socket in a temporary
folder and no TCP port. `TEST_MYSQL_URL` names another server instead, such as a real MySQL: one that may be
spoilt, with a user who may do everything, as `mysql+pymysql://root@127.0.0.1:3306`.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["missing", "running"]

NOBODY = 65534
START_SECONDS = 60.0
FOLDERS = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/opt/homebrew/opt/mariadb/bin")
SERVER_OPTIONS = (
    "--skip-networking",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=32M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-fast-shutdown=2",
)


def missing() -> str:
    """Why there can be no server; "" when there can."""
    if os.environ.get("TEST_MYSQL_URL") or (_found("mariadbd") and _found("mariadb-install-db")):
        return ""
    return "MariaDB is not installed: `mariadbd` and `mariadb-install-db` are not on the PATH"


@contextmanager
def running() -> Iterator[str]:
    """Yield an address without a database, whose user may create databases and users."""
    if given := os.environ.get("TEST_MYSQL_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="sundial-my-") as folder:
        home = Path(folder)
        user = NOBODY if os.geteuid() == 0 else None
        if user is not None:
            os.chown(home, user, user)
        options = {
            **({"user": user, "group": user, "extra_groups": []} if user is not None else {}),
            "cwd": home,
            "env": {"PATH": f"{os.defpath}:/usr/sbin:/sbin", "LC_ALL": "C", "HOME": folder},
            "stdin": subprocess.DEVNULL,
            "stderr": subprocess.STDOUT,
        }
        data, path = home / "data", home / "my.sock"
        making = (
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        made = subprocess.run(
            [_found("mariadb-install-db"), *making], check=False, **options, stdout=subprocess.PIPE, text=True
        )
        if made.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{made.stdout}")
        with (home / "log").open("w") as log:
            places = ("--no-defaults", f"--datadir={data}", f"--socket={path}", f"--pid-file={home / 'pid'}")
            server = subprocess.Popen([_found("mariadbd"), *places, *SERVER_OPTIONS], **options, stdout=log)
            try:
                _wait(path, server, home / "log")
                yield f"mysql+pymysql://root@/?unix_socket={path}"
            finally:
                server.terminate()
                server.wait(timeout=60)


def _found(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(FOLDERS)) or ""


def _wait(path: Path, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            if not probe.connect_ex(str(path)):
                return
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MariaDB did not start:\n{log.read_text()}")
        time.sleep(0.05)
