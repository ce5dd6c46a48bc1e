"""Every example in docs/names.md resolves as it says there, against the catalog that ships."""

import re
from pathlib import Path

import pytest

from dashboard.catalog.names.prefixes import PREFIX_RULES
from dashboard.catalog.names.resolve import NameIndex, resolve
from dashboard.catalog.names.spellings import SPELLINGS
from tests.catalog.shipped import AS_OF, shipped

PAGE = Path(__file__).parents[2] / "docs" / "names.md"


def examples() -> list[tuple[str, str, str, str]]:
    """(called as, platform, entry or "–", how) of each row; the table of wrappers leaves `how` out."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        quoted = next((n for n, cell in enumerate(cells) if re.fullmatch(r"`[^`]+`", cell)), None)
        if line.startswith("|") and quoted is not None:
            called_as, platform, entry, *how = cells[quoted:]
            found.append((called_as.strip("`"), platform, entry, how[0] if how else "wrapper"))
    return found


@pytest.fixture(scope="module")
def index() -> NameIndex:
    entries = shipped()
    return NameIndex(
        entries=((entry.platform, entry.id, pk) for pk, entry in enumerate(entries, 1)),
        aliases=(
            (entry.platform, alias["name"], alias.get("from"), alias.get("to"), pk)
            for pk, entry in enumerate(entries, 1)
            for alias in entry.aliases
        ),
        case_insensitive={entry.platform for entry in entries if entry.folds},
    )


@pytest.mark.parametrize(("called_as", "platform", "entry", "how"), examples())
def test_the_example_resolves_as_documented(index, called_as, platform, entry, how):
    match = resolve(called_as, platform, "", index, on=AS_OF)
    assert ("/".join(index.ids[match.entry]) if match.entry else "–", match.how) == (entry, how)


def test_there_are_examples_of_every_way_of_matching():
    assert {how for *_, how in examples()} == {"exact", "alias", "wrapper", "fine-tune", "unresolved"}
    assert len(examples()) >= len(PREFIX_RULES) + sum(map(len, SPELLINGS.values()))
