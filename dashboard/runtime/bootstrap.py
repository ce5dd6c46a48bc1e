"""Prepares database, catalog, roles, inbox and static files; each step is quick when it was done before."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from dashboard.access import setup_link
from dashboard.access.roles import ensure_roles
from dashboard.catalog.files.transfer import load_shipped
from dashboard.core import clock
from dashboard.usage.polling import ensure_inbox

__all__ = ["collect_static", "ensure_demo_user", "first_sign_in_lines", "prepare"]

DEMO_USER = "demo"


def prepare(say: Callable[[str], None]) -> None:
    """Database, catalog, roles, inbox and static files; `say` gets a line before each slow step."""
    say("preparing the database")
    call_command("migrate", interactive=False, verbosity=0)
    load_shipped(clock.now())
    ensure_roles()
    ensure_inbox(clock.now())
    collect_static(say)


def collect_static(say: Callable[[str], None]) -> None:
    """Collect and compress static files, unless none has changed since the last time."""
    stamp = settings.VAR / "run" / "static.stamp"
    digest = hashlib.sha256(settings.VERSION.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    fingerprint = digest.hexdigest()
    if settings.STATIC_ROOT.is_dir() and _text(stamp) == fingerprint:
        return
    say("collecting static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(fingerprint)


def first_sign_in_lines(base_url: str, now: datetime) -> list[str]:
    """Lines that say how to sign in for the first time; empty once there is a user."""
    if settings.SUNDIAL_DEMO:
        username, password = ensure_demo_user()
        return [f"Sign in as {username} with the password {password}"]
    if not setup_link.is_setup_open():
        return []
    return [f"First sign-in (once, within 24 hours): {base_url}/accounts/setup/{setup_link.issue_token(now)}/"]


def ensure_demo_user() -> tuple[str, str]:
    """Name and password of the demo's user, an administrator; the password is stored in the demo's own folder."""
    path = settings.VAR / "demo-password"
    password = _text(path)
    if not password:
        password = secrets.token_urlsafe(9)
        path.touch(mode=0o600)
        path.write_text(password)
    user, _ = User.objects.get_or_create(username=DEMO_USER, defaults={"is_staff": True, "is_superuser": True})
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return DEMO_USER, password


def _text(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
