"""The settings module as fresh processes see it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.runtime.processes import environment, run_manage


def values(env: dict[str, str], *names: str) -> list[str]:
    """What a fresh process reads for `names`."""
    script = "import dashboard.settings as s, sys; print('\\n'.join(str(getattr(s, n)) for n in sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", script, *names],
        check=True,
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_processes_that_start_together_agree_on_one_secret_key(tmp_path):
    script = "import dashboard.settings as s; print(s.SECRET_KEY)"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=settings.BASE_DIR,
            env=environment(tmp_path / "var"),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    keys = {child.communicate()[0].strip() for child in children}
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0


def test_the_broker_socket_stays_within_what_the_system_allows(tmp_path):
    deep = tmp_path / ("x" * 90)
    for folder in (tmp_path / "var", deep):
        (path,) = values(environment(folder), "BROKER_SOCKET")
        assert len(os.fsencode(path)) <= 100
    (again,) = values(environment(deep), "BROKER_SOCKET")
    (other,) = values(environment(deep.with_name("y" * 90)), "BROKER_SOCKET")
    assert path == again != other


def test_all_state_is_below_the_state_folder(tmp_path):
    names = ("STATIC_ROOT", "MAIL_FOLDER", "SUNDIAL_INBOX", "CELERY_BEAT_SCHEDULE_FILENAME")
    found = values(environment(tmp_path / "var"), *names)
    assert all(path.startswith(str(tmp_path / "var")) for path in found)


def test_a_public_https_address_opens_its_host_and_secures_cookies(tmp_path):
    env = environment(tmp_path / "var", SUNDIAL_BASE_URL="https://sundial.example.com")
    hosts, secure, header = values(env, "ALLOWED_HOSTS", "SESSION_COOKIE_SECURE", "SECURE_PROXY_SSL_HEADER")
    assert "sundial.example.com" in hosts
    assert secure == "True"
    assert "HTTP_X_FORWARDED_PROTO" in header


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SUNDIAL_TODAY", "yesterday", "SUNDIAL_TODAY must be a day"),
        ("SUNDIAL_TIME_ZONE", "Mars/Olympus", "SUNDIAL_TIME_ZONE must be a zone"),
        ("SUNDIAL_TIME_ZONE", "../../etc/passwd", "SUNDIAL_TIME_ZONE must be a zone"),
        ("DATABASE_URL", "mysql://host/name", "DATABASE_URL must start with"),
        ("SUNDIAL_LOG_LEVEL", "LOUD", "SUNDIAL_LOG_LEVEL must be one of"),
    ],
)
def test_every_command_answers_a_wrong_setting_with_one_line_and_exit_2(tmp_path, name, value, complaint):
    done = run_manage("check", env=environment(tmp_path / "var", **{name: value}))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"sundial: {complaint}")
    assert done.stderr.count("\n") == 1


def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run_manage("check", env=environment(tmp_path / "file" / "var"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"sundial: The state folder {tmp_path}/file/var cannot be used")
    assert done.stderr.count("\n") == 1
