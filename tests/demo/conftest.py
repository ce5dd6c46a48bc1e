"""The demo's files, written once; and the demo in a database, ingested once and taken back at the end."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from dashboard.catalog import snapshot
from dashboard.catalog.files import transfer
from dashboard.demo import generate, load
from dashboard.demo.expected_totals import ExpectedTotals
from dashboard.demo.scenario import LAST_DAY

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
READ_AT = datetime(2024, 1, 11, tzinfo=UTC)


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
    """The story's folder may be watched."""
    settings.SUNDIAL_WATCH_ROOTS = [demo_files.folder]


@pytest.fixture(scope="package")
def loaded(demo_files, django_db_setup, django_db_blocker):
    """What loading the story came to; all of it stands in one transaction around the tests of this package."""
    roots = settings.SUNDIAL_WATCH_ROOTS
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # a durable block may stand inside, as it may in a test case
        whole.__enter__()
        settings.SUNDIAL_WATCH_ROOTS = [*roots, demo_files.folder]
        try:
            transfer.load_shipped(NOW)
            yield load.load(demo_files.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
        finally:
            settings.SUNDIAL_WATCH_ROOTS = roots
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)
            snapshot._load.cache_clear()  # of versions that no longer are
