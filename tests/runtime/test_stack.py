"""The whole system as `make up` runs it, on a fresh state folder."""

import re
import signal
import sqlite3
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.runtime.processes import environment, free_port, is_alive, start, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]


def processes_of(var: Path) -> list[int]:
    """Every live process that was started for this state folder."""
    mark = f"SUNDIAL_VAR={var}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        pid = int(entry.parent.name)
        if mark in variables and is_alive(pid):
            found.append(pid)
    return found


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def heartbeats(var: Path) -> dict[str, str]:
    with closing(sqlite3.connect(var / "sundial.sqlite3")) as database:
        return dict(database.execute("select name, at from core_heartbeat"))


def test_up_serves_works_leaves_nothing_when_killed_starts_again_and_stops_cleanly(tmp_path):
    var, port = tmp_path / "var", free_port()
    command = (sys.executable, "manage.py", "up", "--port", str(port))
    address = f"http://localhost:{port}"

    with start(*command, env=environment(var)) as up:
        assert address in up.wait_for("Sundial is at")
        link = re.search(r"http://localhost:\d+(/accounts/setup/\S+/)", up.wait_for("First sign-in"))
        assert link
        assert status_of(f"{address}/healthz") == 200
        assert status_of(f"{address}/accounts/login/") == 200
        assert (var / "inbox").is_dir()
        wait_until(lambda: {"worker", "beat"} <= set(heartbeats(var)), "the heartbeats of worker and beat")
        up.stop(signal.SIGKILL)
        wait_until(lambda: not processes_of(var), "everything to end with its parent")

    with start(*command, env=environment(var)) as up:
        up.wait_for("Sundial is at")
        assert "collecting static files" not in up.output
        assert status_of(f"{address}/healthz") == 200
        assert up.stop(signal.SIGINT) == 0
        assert processes_of(var) == []
