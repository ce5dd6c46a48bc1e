"""`manage.py up` where it cannot start: one clear line, exit code 2, nothing left running."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from dashboard.runtime import broker
from dashboard.runtime.demo_env import demo_environment
from tests.runtime.processes import environment, free_port, run_manage


@pytest.fixture
def var(tmp_path: Path) -> Path:
    return tmp_path / "var"


def refusal(*arguments: str, env: dict[str, str]) -> str:
    """The one line with which `up` gives up."""
    done = run_manage("up", *arguments, env=env)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_taken_port_is_named_before_anything_starts(var):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = refusal("--port", str(port), env=environment(var))
    assert f"Port {port} on 127.0.0.1 is taken" in line
    assert "--port" in line
    assert not (var / "run" / "broker").exists()


def test_an_address_that_is_not_ours_is_named(var):
    assert "203.0.113.7" in refusal("--host", "203.0.113.7", "--port", str(free_port()), env=environment(var))


def test_a_second_up_on_the_same_state_names_the_first(var):
    (var / "run").mkdir(parents=True)
    with (var / "run" / "up.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write(str(os.getpid()))
        first.flush()
        line = refusal("--port", str(free_port()), env=environment(var))
    assert f"already running on {var} (process {os.getpid()})" in line


def test_a_lock_file_that_a_killed_up_has_left_blocks_nobody(var):
    (var / "run").mkdir(parents=True)
    (var / "run" / "up.lock").write_text("4194304")
    with socket.socket() as other:  # it gets as far as the port
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert "is taken" in refusal("--port", str(other.getsockname()[1]), env=environment(var))


def test_an_unreachable_database_is_named_without_its_password(var):
    env = environment(var, DATABASE_URL="postgres://me:s3cret@127.0.0.1:1/sundial")
    line = refusal("--port", str(free_port()), env=env)
    assert "The database sundial on 127.0.0.1 cannot be reached" in line
    assert "s3cret" not in line


def test_an_unreachable_broker_is_named_without_its_password(var):
    env = environment(var, REDIS_URL="redis://me:s3cret@127.0.0.1:1/0")
    line = refusal("--port", str(free_port()), env=env)
    assert "REDIS_URL (redis://127.0.0.1:1/0)" in line
    assert "s3cret" not in line


def test_a_failing_system_check_is_named(var):
    line = refusal("--port", str(free_port()), env=environment(var, SUNDIAL_BASE_URL="sundial.example.com"))
    assert "SUNDIAL_BASE_URL is not an absolute address" in line


def test_a_broker_that_still_serves_the_socket_is_not_pushed_aside(tmp_path):
    var = Path(os.path.realpath(tmp_path)) / "v"
    path = var / "run" / "broker.sock"
    if len(os.fsencode(path)) > 100:
        pytest.fail(f"the temporary folder is too deep for a socket: {path}")
    with broker.running(path, tmp_path / "data"):
        assert "still serves" in refusal("--port", str(free_port()), env=environment(var))
        assert broker.is_ready(path)


def test_the_demo_reaches_no_real_database_broker_or_mailbox(tmp_path):
    real = {
        "DATABASE_URL": "postgres://prod/sundial",
        "DATABASE_URL_FILE": "/run/secrets/database",
        "REDIS_URL": "redis://prod/0",
        "EMAIL_URL": "smtp://mail.example.com:25",
        "PATH": "/bin",
    }
    demo = demo_environment(real, tmp_path, 8123)
    assert demo["DATABASE_URL"] == f"sqlite:///{tmp_path}/demo/sundial.sqlite3"
    assert demo["SUNDIAL_VAR"] == f"{tmp_path}/demo"
    assert (demo["REDIS_URL"], demo["EMAIL_URL"], demo["DATABASE_URL_FILE"]) == ("", "", "")
    assert (demo["SUNDIAL_TODAY"], demo["SUNDIAL_DEMO"]) == ("2023-12-08", "1")
    assert (demo["SUNDIAL_BASE_URL"], demo["PATH"]) == ("http://localhost:8123", "/bin")
