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


@pytest.mark.parametrize(
    "number", ["SUNDIAL_QUIET_DAYS", "SUNDIAL_POLL_SECONDS", "SUNDIAL_HOURLY_DAYS", "SUNDIAL_PUSH_MAX_BYTES"]
)
def test_env_example_shows_the_real_defaults(number):
    shown = re.search(rf"^#{number}=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert shown
    assert int(shown[1]) == getattr(settings, number)


def test_nothing_but_the_settings_reads_variables_of_ours():
    ours = r"\"(SUNDIAL_[A-Z_]*|DATABASE_URL|REDIS_URL|EMAIL_URL|SECRET_KEY)\""
    reading = re.compile(rf"environ(\.get\({ours}|\[{ours}\](?! =))")
    sources = [path for folder in ("dashboard", "tasks") for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in sources if reading.search(path.read_text())] == []
