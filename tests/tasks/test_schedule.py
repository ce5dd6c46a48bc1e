"""The schedule and the shells it runs."""

import ast
import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery.schedules import crontab

import tasks
from dashboard.celery import app
from dashboard.core import locks
from dashboard.usage.models import DailyRollup
from tasks import scan
from tasks.schedule import SCHEDULE
from tests.factories import make_entry, make_usage

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", SCHEDULE)
def test_every_entry_runs_a_task_that_exists(name):
    assert SCHEDULE[name]["task"] in app.tasks


@pytest.mark.parametrize("name", SCHEDULE)
def test_an_entry_expires_before_its_next_run(name):
    entry = SCHEDULE[name]
    every = entry["schedule"]
    if isinstance(every, crontab):
        every = timedelta(days=1)
        assert entry["schedule"].is_due(NOON - timedelta(days=2)).is_due, "at least once a day"
    assert 0 < entry["options"]["expires"] < every.total_seconds()


def test_beat_is_handed_the_schedule():
    assert app.conf.beat_schedule == SCHEDULE


def test_every_module_of_tasks_is_in_the_index():
    folder = Path(inspect.getfile(tasks)).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "schedule"}
    assert modules == set(tasks.__all__)


def test_task_names_are_explicit_and_ours():
    """Queued messages outlive code moves, so a name never follows a module path."""
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    assert ours
    assert all(name.startswith("sundial.") for name in ours)


def test_a_task_is_a_shell_of_ten_lines_or_fewer():
    for path in Path(inspect.getfile(tasks)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                assert node.end_lineno - node.lineno < 12, f"{path.name}:{node.name}"


@pytest.mark.django_db
class TestScan:
    @pytest.fixture(autouse=True)
    def late(self, settings):
        settings.SUNDIAL_TODAY = NOON.date()
        davinci = make_entry("openai/davinci", announced="2023-07-06", sunset="2024-01-04")
        make_usage("shop", davinci, "2023-12-31", 10)

    def test_it_brings_findings_in_step(self):
        from dashboard.findings.models import Finding

        scan.scan()
        assert Finding.objects.count() == DailyRollup.objects.count() == 1

    def test_while_another_runs_it_comes_back_instead_of_forgetting(self, redis_client):
        from dashboard.findings.models import Finding

        with locks.try_lock("scan", seconds=60):
            scan.scan()
        assert not Finding.objects.exists()
        waiting = [key for key in redis_client.keys("*") if b"lock" not in key]
        assert waiting, "a message for later lies in the broker"
