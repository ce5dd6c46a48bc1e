"""The settings that the code reads are the settings that the documents describe."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
VARIABLES = {name for name in settings.SUNDIAL_VARIABLES if not name.endswith("_FILE")}


def test_env_example_shows_every_setting_and_no_other():
    shown = set(re.findall(r"^#?([A-Z][A-Z_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert shown == VARIABLES


def test_settings_page_describes_every_setting_and_no_other():
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE))
    assert described == VARIABLES


@pytest.mark.parametrize("number", ["SUNDIAL_QUIET_DAYS", "SUNDIAL_POLL_SECONDS", "SUNDIAL_HOURLY_DAYS"])
def test_env_example_shows_the_real_defaults(number):
    shown = re.search(rf"^#{number}=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert shown
    assert int(shown[1]) == getattr(settings, number)


def test_nothing_but_the_settings_reads_variables_of_ours():
    readers = {
        str(path.relative_to(ROOT))
        for folder in ("dashboard", "tasks")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"environ(\.get\(|\[)\s*\"(SUNDIAL_|DATABASE_URL|REDIS_URL|EMAIL_URL)", path.read_text())
    }
    # `up` fits the base URL's default to the chosen port.
    assert readers <= {"dashboard/management/commands/up.py"}
