"""The files that the documents name exist."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PATH = re.compile(r"`((?:dashboard|tests|tasks|templates|benchmarks|scripts|docs)/[\w./-]+)`|\]\(([\w./-]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_and_links_of_a_document_lead_to_files(document):
    missing = [
        named or linked
        for named, linked in PATH.findall(document.read_text())
        if not ((ROOT / named) if named else (document.parent / linked)).exists()
    ]
    assert missing == []


def test_each_of_the_ten_questions_has_one_file():
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = text.partition("## Ten questions")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) == 10
    assert all(len(PATH.findall(row)) == 1 for row in rows)
