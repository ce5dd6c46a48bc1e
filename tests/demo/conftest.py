"""The demo's files, written once; and the demo in a database, loaded once and taken back at the end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from dashboard.catalog.files import transfer
from dashboard.demo import generate, load
from dashboard.demo.expected_totals import ExpectedTotals
from dashboard.demo.scenario import LAST_DAY
from tests.database import rolled_back

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
READ_AT = datetime(2024, 1, 11, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if {"demo_files", "loaded"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class DemoFiles:
    """The folder with the log files, and what the generator says it wrote."""

    folder: Path
    totals: ExpectedTotals


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory) -> DemoFiles:
    folder = tmp_path_factory.mktemp("demo") / "demo-logs"
    return DemoFiles(folder, generate.write_logs(folder))


@pytest.fixture
def readable(demo_files, settings):
    """The folder of the demo's files may be watched."""
    settings.SUNDIAL_WATCH_ROOTS = [demo_files.folder]


@pytest.fixture(scope="package")
def loaded(demo_files, django_db_setup, django_db_blocker) -> Iterator[load.LoadResult]:
    """What loading the demo came to; the tests of this package share the one load."""
    roots = settings.SUNDIAL_WATCH_ROOTS
    with rolled_back(django_db_blocker):
        settings.SUNDIAL_WATCH_ROOTS = [*roots, demo_files.folder]
        try:
            transfer.load_shipped(NOW)
            yield load.load(demo_files.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
        finally:
            settings.SUNDIAL_WATCH_ROOTS = roots
