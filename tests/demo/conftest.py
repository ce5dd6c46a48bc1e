"""The demo's files, written once for all tests here."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from dashboard.demo import generate
from dashboard.demo.ledger import Ledger


@dataclass(frozen=True)
class Story:
    """The folder with the log files, and what the generator says it wrote."""

    folder: Path
    ledger: Ledger


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("demo") / "demo-logs"
    return Story(folder, generate.write(folder))
