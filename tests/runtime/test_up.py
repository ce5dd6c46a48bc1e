"""`manage.py up` where it cannot start: one clear line, exit code 2, nothing left running."""

import fcntl
import os
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from dashboard.runtime import broker
from dashboard.runtime.demo_env import demo_environment
from tests.runtime.processes import environment, free_port, run_manage


@pytest.fixture
def var(tmp_path: Path, settings) -> Path:
    """The state folder of an `up` in this process."""
    settings.VAR = tmp_path / "var"
    return settings.VAR


@pytest.fixture
def taken_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


def refusal(*arguments: str) -> str:
    """The line with which `up` gives up, called in this process."""
    with pytest.raises(CommandError) as refused:
        call_command("up", *(arguments or ("--port", str(free_port()))))
    assert refused.value.returncode == 2
    line = str(refused.value)
    assert "\n" not in line
    return line


def refusal_of_a_process(*arguments: str, env: dict[str, str]) -> str:
    """The same of a process, as a person at a terminal sees it."""
    done = run_manage("up", *arguments, env=env)
    assert done.returncode == 2, done.stdout + done.stderr
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.slow
def test_a_taken_port_is_named_before_anything_starts(tmp_path, taken_port):
    line = refusal_of_a_process("--port", taken_port, env=environment(tmp_path / "var"))
    assert f"Port {taken_port} on 127.0.0.1 is taken" in line
    assert "--port" in line
    assert not (tmp_path / "var" / "run" / "broker").exists()


@pytest.mark.slow
def test_an_unreachable_database_is_named_without_its_password(tmp_path):
    env = environment(tmp_path / "var", DATABASE_URL="postgres://me:s3cret@127.0.0.1:1/sundial")
    line = refusal_of_a_process("--port", str(free_port()), env=env)
    assert "The database sundial on 127.0.0.1 cannot be reached" in line
    assert "s3cret" not in line


def test_an_address_that_is_not_ours_is_named(var):
    assert "203.0.113.7" in refusal("--host", "203.0.113.7", "--port", str(free_port()))


def test_a_second_up_on_the_same_state_names_the_first(var):
    (var / "run").mkdir(parents=True)
    with (var / "run" / "up.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        first.write(str(os.getpid()))
        first.flush()
        assert f"already running on {var} (process {os.getpid()})" in refusal()


def test_a_lock_file_that_a_killed_up_has_left_blocks_nobody(var, taken_port):
    (var / "run").mkdir(parents=True)
    (var / "run" / "up.lock").write_text("4194304")
    assert "is taken" in refusal("--port", taken_port), "it gets as far as the port"


@pytest.mark.django_db
def test_an_unreachable_broker_is_named_without_its_password(var, settings):
    settings.REDIS_EMBEDDED, settings.REDIS_URL = False, "redis://me:s3cret@127.0.0.1:1/0"
    line = refusal()
    assert "REDIS_URL (redis://127.0.0.1:1/0)" in line
    assert "s3cret" not in line


@pytest.mark.django_db
@pytest.mark.parametrize("migration", [("kit", "0001_initial"), ("catalog", "0007_proposals")])
def test_a_database_of_an_earlier_development_version_is_refused_with_what_to_do(var, migration):
    MigrationRecorder(connection).record_applied(*migration)
    line = refusal()
    assert "was made by an earlier development version" in line
    assert ".".join(migration) in line
    assert f"moving {var} away" in line


def test_a_failing_system_check_is_named(var, settings):
    settings.SUNDIAL_BASE_URL = "sundial.example.com"
    assert "SUNDIAL_BASE_URL is not an absolute address" in refusal()


@pytest.mark.django_db
def test_a_broker_that_still_serves_the_socket_is_not_pushed_aside(var, tmp_path, settings):
    settings.REDIS_EMBEDDED, settings.BROKER_SOCKET = True, Path(os.path.realpath(tmp_path)) / "b.sock"
    with broker.running(settings.BROKER_SOCKET, tmp_path / "data"):
        assert "still serves" in refusal()
        assert broker.is_ready(settings.BROKER_SOCKET)


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
