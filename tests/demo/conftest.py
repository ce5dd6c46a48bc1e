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
from dashboard.demo.expected_totals import Ledger
from dashboard.demo.scenario import LAST_DAY

NOW = datetime(2023, 12, 8, 12, tzinfo=UTC)
READ_AT = datetime(2024, 1, 11, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """The folder with the log files, and what the generator says it wrote."""

    folder: Path
    ledger: Ledger


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("demo") / "demo-logs"
    return Story(folder, generate.write(folder))


@pytest.fixture
def readable(story, settings):
    """The story's folder may be watched."""
    settings.SUNDIAL_WATCH_ROOTS = [story.folder]


@pytest.fixture(scope="package")
def told(story, django_db_setup, django_db_blocker):
    """What loading the story came to; all of it stands in one transaction around the tests of this package."""
    roots = settings.SUNDIAL_WATCH_ROOTS
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole._from_testcase = True  # a durable block may stand inside, as it may in a test case
        whole.__enter__()
        settings.SUNDIAL_WATCH_ROOTS = [*roots, story.folder]
        try:
            transfer.load_shipped(NOW)
            yield load.load(story.folder, now=NOW, read_at=READ_AT, as_of=LAST_DAY)
        finally:
            settings.SUNDIAL_WATCH_ROOTS = roots
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)
            snapshot._load.cache_clear()  # of versions that no longer are
