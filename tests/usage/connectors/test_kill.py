"""Polls of databases, usage APIs and object stores, killed at many points or two at once: totals are exact."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dashboard.usage.models import AggregateRow, Source, SyncWindow
from dashboard.usage.polling import poll
from tests.thorough import sample
from tests.usage.conftest import calls, make_source
from tests.usage.connectors.poller_process import NOW
from tests.usage.fakes import object_store
from tests.usage.fakes.usage_api import running

ROOT = Path(__file__).parents[3]
KILLS = sample(2, 4)
HOURS = 60
PER_HOUR = 50
COLUMNS = {"time": "at", "application": "app", "model": "model"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _start(environment: dict, source: Source) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.usage.connectors.poller_process", str(source.pk)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, cwd=ROOT, text=True, **pipes)


def _killed_after(reader: subprocess.Popen, pieces: int) -> None:
    """Let it commit so many deliveries and kill it somewhere in the next."""
    while pieces and "piece" in (reader.stdout.readline() or ""):
        pieces -= 1
        reader.stdin.write("on\n")
        reader.stdin.flush()
    reader.kill()
    reader.wait()
    reader.stdin.close()
    reader.stdout.close()


def _calm(source: Source) -> str:
    """Poll to the end, here; what the last poll said."""
    for _ in range(3):
        poll(source, NOW)
    return source.problem


@pytest.fixture
def table(tmp_path) -> Path:
    """A gateway's table: so many calls in each of so many hours before the poll."""
    path = tmp_path / "gateway.sqlite3"
    first = datetime(2024, 1, 4, 12) - timedelta(hours=HOURS - 1)  # noqa: DTZ001  as the table has it
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (at DATETIME, app TEXT, model TEXT)")
        connection.executemany(
            "INSERT INTO log VALUES (?, ?, 'gpt-4')",
            (
                (f"{first + timedelta(hours=hour, minutes=n % 60)}", f"app-{n % 7}")
                for hour in range(HOURS)
                for n in range(PER_HOUR)
            ),
        )
    connection.close()
    return path


@pytest.fixture
def variables(shared_database, monkeypatch) -> Callable[[str, str], dict]:
    """Sets a variable here and for the processes, whose environment it returns."""

    def variables(name: str, value: str) -> dict:
        monkeypatch.setenv(name, value)
        return shared_database | {name: value}

    return variables


def _of_table(table: Path) -> Source:
    config = {"url": "env:USAGE_DB", "table": "log", "columns": COLUMNS, "since": "2024-01-01"}
    return make_source("killed", kind="sql", config=config)


def test_polls_of_a_database_killed_at_many_points_lose_nothing_and_double_nothing(variables, table):
    environment, source = variables("USAGE_DB", f"sqlite:///{table}"), _of_table(table)
    dice = random.Random(20240104)
    places = set()
    for _ in range(KILLS):
        _killed_after(_start(environment, source), dice.randint(4, 16))
        places.update(SyncWindow.objects.values_list("begin", flat=True))
    assert _calm(source) == ""
    assert len(places) > KILLS // 2, "the kills must land in the middle"
    assert calls(source) == HOURS * PER_HOUR
    assert AggregateRow.objects.filter(source=source).count() == HOURS * 7


def test_two_pollers_of_one_table_count_it_once(variables, table):
    environment, source = variables("USAGE_DB", f"sqlite:///{table}"), _of_table(table)
    pollers = [_start(environment, source) for _ in range(2)]
    for poller in pollers:
        poller.communicate(timeout=400)
        assert poller.returncode == 0
    _calm(source)
    assert calls(source) == HOURS * PER_HOUR
    assert SyncWindow.objects.filter(source=source).count() == 1


def test_polls_of_a_usage_api_killed_at_many_points_lose_nothing_and_double_nothing(variables):
    days = [f"{datetime(2023, 6, 1) + timedelta(days=n):%Y-%m-%d}" for n in range(218)]  # noqa: DTZ001
    with running() as api:
        api.days = {day: {f"project-{n}": n + 1 for n in range(9)} for day in days}
        api.size = 4
        config = {"provider": "openai", "url": api.address, "key": "env:API_KEY", "since": days[0]}
        source = make_source("killed", kind="http", config=config | {"endpoints": ["completions", "embeddings"]})
        environment = variables("API_KEY", "sk-admin")
        dice = random.Random(20240104)
        places = set()
        for _ in range(KILLS):
            _killed_after(_start(environment, source), dice.randint(2, 4))
            places.update(SyncWindow.objects.values_list("begin", flat=True))
        assert _calm(source) == ""
    assert len(places) > KILLS // 2, "the kills must land in the middle"
    assert calls(source) == len(days) * 45 * 2


def test_polls_of_an_object_store_killed_at_many_points_lose_nothing_and_double_nothing(variables, monkeypatch):
    monkeypatch.setenv("S3_KEY", "reader")
    environment = variables("S3_SECRET", "hunter2") | {"S3_KEY": "reader"}
    with object_store.running() as address:
        store = object_store.Store(address, "killed")
        for number in range(120):
            # Nothing but the memory of what was read tells these from new ones: they have no ids.
            data = object_store.litellm(number, number % 4 + 1, id=None, end_user=str(number))
            store.put(f"{number % 20:02}/2024-01-{number % 4 + 1:02}/{number}.json", data)
        source = store.source(prefix=[f"{number:02}/" for number in range(20)])
        dice = random.Random(20240104)
        seen = set()
        for _ in range(KILLS):
            _killed_after(_start(environment, source), dice.randint(2, 5))
            seen.add(calls(source))
        assert _calm(source) == ""
        store.client.close()
    assert len(seen) > KILLS // 2, "the kills must land in the middle"
    assert calls(source) == 120
