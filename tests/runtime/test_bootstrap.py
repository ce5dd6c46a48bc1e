"""What is in place before the first page: inbox, demo user, sign-in, static files."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User

from dashboard.access import setup_link
from dashboard.runtime import bootstrap
from dashboard.usage.models import Source

NOW = datetime(2024, 1, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_the_inbox_is_a_folder_and_a_ready_source(settings):
    source = bootstrap.ensure_inbox(NOW)
    assert settings.SUNDIAL_INBOX.is_dir()
    assert (source.slug, source.kind, source.format) == ("inbox", "watch", "auto")
    assert source.paths == str(settings.SUNDIAL_INBOX)


def test_what_a_person_changed_about_the_inbox_stays():
    Source.objects.filter(pk=bootstrap.ensure_inbox(NOW).pk).update(platform="openai", paused=True)
    source = bootstrap.ensure_inbox(NOW)
    assert (source.platform, source.paused) == ("openai", True)
    assert Source.objects.count() == 1


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
