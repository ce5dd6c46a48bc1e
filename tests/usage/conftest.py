"""What usage tests share: a fixed now, sources, lines, and totals to compare."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from dashboard.usage.models import DailyRollup, HourlyRollup, Source
from tests.usage.fakes.gateways import mysql_server, postgres_server  # noqa: F401  fixtures: one server of each per worker

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "formats"


def make_source(slug: str = "gateway", **fields) -> Source:
    return Source.objects.create(**{"slug": slug, "name": slug, "created_at": NOW, "kind": "import"} | fields)


@pytest.fixture
def source(db) -> Source:
    return make_source()


@pytest.fixture
def inbox(db, settings) -> Source:
    settings.SUNDIAL_INBOX.mkdir(parents=True)
    return make_source("inbox", kind="watch")


def line(number: int, *, app: str = "search", model: str = "gpt-4", hour: int = 9, **fields) -> bytes:
    """One call in our own format; lines of the same number are the same call."""
    record = {"ts": f"2024-01-04T{hour:02}:00:00Z", "application": app, "platform": "openai", "model": model}
    return json.dumps(record | {"id": f"call-{number}", "input_tokens": number} | fields).encode() + b"\n"


def access(number: int, path: str = "/v1/engines/davinci/completions") -> bytes:
    """One call in nginx's format, which carries no id."""
    at = f"04/Jan/2024:09:{number // 60 % 60:02}:{number % 60:02} +0000"
    return f'10.0.0.1 - web [{at}] "POST {path} HTTP/1.1" 200 {number} "-" "curl"\n'.encode()


def calls(source: Source) -> int:
    """All calls of a source; the hourly and the daily rollups must agree."""
    hourly = sum(HourlyRollup.objects.filter(source=source).values_list("calls", flat=True))
    daily = sum(DailyRollup.objects.filter(source=source).values_list("calls", flat=True))
    assert hourly == daily
    return daily


def totals(source: Source) -> dict[tuple, tuple]:
    """(day, consumer, called as) -> calls and input tokens."""
    rows = DailyRollup.objects.filter(source=source).values_list(
        "day", "identity__consumer", "name__called_as", "calls", "input_tokens"
    )
    return {(str(day), *key): (number, tokens) for day, *key, number, tokens in rows}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def shared_database(tmp_path, django_db_setup, django_db_blocker):
    """An empty database on disk or on the server, that other processes see too; yields their environment."""
    environment = os.environ | {"SUNDIAL_VAR": str(tmp_path / "var"), "SUNDIAL_READ_DOTENV": "0"}
    with django_db_blocker.unblock():
        before = connections.settings["default"].copy()
        name = _create(tmp_path)
        connections["default"].close()
        connections["default"].settings_dict["NAME"] = name
        try:
            if connection.vendor != "sqlite":
                call_command("migrate", verbosity=0)
            yield environment | {"DATABASE_URL": _url(name)}
        finally:
            connections["default"].close()
            connections["default"].settings_dict["NAME"] = before["NAME"]
            _drop(name)


def _create(tmp_path: Path) -> str:
    if connection.vendor == "sqlite":
        path = tmp_path / "kill.sqlite3"
        tested, copy = sqlite3.connect(connection.settings_dict["NAME"]), sqlite3.connect(path)
        with closing(tested), closing(copy):
            tested.backup(copy)  # migrated, and empty: much faster than to migrate again
        return str(path)
    name = f"sundial_kill_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    return name


def _drop(name: str) -> None:
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    connection.close()


def _url(name: str) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    base, _, query = os.environ["DATABASE_URL"].partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
