"""The tests that SECURITY.md names exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
THREATS = (
    "A hostile log", "A hostile feed", "A curious viewer", "A malicious editor or administrator",
    "A stolen token or password", "A network attacker",
)  # fmt: skip


@pytest.mark.parametrize("threat", THREATS)
def test_every_threat_is_held_by_tests_that_exist(threat):
    page = (ROOT / "SECURITY.md").read_text()
    section = re.split(r"^#+ ", page, flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(threat + "\n")]
    rows = [
        row
        for row in text.splitlines()
        if row.startswith("| ") and "---" not in row and "what is tried" not in row
    ]
    assert rows
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, row
        for file, test in named:
            assert re.search(rf"def {test}\(", (ROOT / file).read_text()), (file, test)
