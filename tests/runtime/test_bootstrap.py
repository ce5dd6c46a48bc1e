"""What is in place before the first page: inbox, demo user, sign-in, static files."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from dashboard.access import setup_link
from dashboard.runtime import bootstrap
from dashboard.usage import polling
from dashboard.usage.models import Source

NOW = datetime(2024, 1, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def start(monkeypatch):
    """The steps before the first page, without those that have nothing to do with sources."""
    for step in ("call_command", "load_shipped", "collect_static"):
        monkeypatch.setattr(bootstrap, step, lambda *_args, **_options: None)
    return lambda: bootstrap.prepare(lambda _line: None)


def test_the_inbox_is_a_folder_and_a_ready_source(start, settings):
    start()
    source = Source.objects.get()
    assert settings.SUNDIAL_INBOX.is_dir()
    assert (source.slug, source.kind, source.format, source.paths) == ("inbox", "watch", "auto", "")


def test_starting_and_polling_make_the_same_inbox(start, settings):
    settings.SUNDIAL_POLL_SECONDS = 1
    start()
    fields = ("slug", "name", "kind", "format", "paths", "poll_seconds")
    made_at_start = Source.objects.values(*fields).get()
    Source.objects.all().delete()
    polling.claim_due(NOW)
    assert Source.objects.values(*fields).get() == made_at_start


def test_changes_to_the_inbox_survive_a_restart(start):
    start()
    Source.objects.update(platform="openai", paused=True)
    start()
    source = Source.objects.get()
    assert (source.platform, source.paused) == ("openai", True)


def test_the_first_sign_in_is_offered_until_somebody_signed_up():
    (line,) = bootstrap.first_sign_in_lines("http://localhost:8000", NOW)
    token = line.rpartition("/accounts/setup/")[2].rstrip("/")
    setup_link.create_first_user(token, "ada", "correct horse battery", NOW)
    assert bootstrap.first_sign_in_lines("http://localhost:8000", NOW) == []


def test_the_demo_has_a_user_whose_password_stays_the_same(settings, tmp_path):
    settings.SUNDIAL_DEMO = True
    settings.VAR = tmp_path
    (line,) = bootstrap.first_sign_in_lines("http://localhost:8000", NOW)
    user = User.objects.get()
    password = (tmp_path / "demo-password").read_text()
    assert line == f"Sign in as demo with the password {password}"
    assert (user.username, user.check_password(password)) == ("demo", True)
    assert (tmp_path / "demo-password").stat().st_mode & 0o077 == 0
    assert bootstrap.first_sign_in_lines("http://localhost:8000", NOW) == [line]


def test_a_demo_user_without_the_kept_password_gets_a_new_one(settings, tmp_path):
    settings.VAR = tmp_path
    _, first = bootstrap.ensure_demo_user()
    (tmp_path / "demo-password").unlink()
    name, second = bootstrap.ensure_demo_user()
    assert first != second
    assert User.objects.get(username=name).check_password(second)


def test_static_files_are_collected_again_only_when_one_changed(settings, tmp_path):
    source = tmp_path / "assets"
    source.mkdir()
    (source / "page.css").write_text("a { color: red }")
    (tmp_path / "run").mkdir()
    settings.VAR, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    lines: list[str] = []

    bootstrap.collect_static(lines.append)
    assert (tmp_path / "static" / "page.css").read_text() == "a { color: red }"
    bootstrap.collect_static(lines.append)
    assert len(lines) == 1

    (source / "page.css").write_text("a { color: darkred }")
    bootstrap.collect_static(lines.append)
    assert (tmp_path / "static" / "page.css").read_text() == "a { color: darkred }"
    assert len(lines) == 2
