"""Everything outside hangs at once, and a file in the inbox is counted all the same."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import silent_server
from tests.runtime.processes import environment, free_port, run_manage, start, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

PREPARE = """
from datetime import UTC, datetime
from dashboard.alerts.models import Delivery
from dashboard.usage.models import Source
from dashboard.usage.services import poll_soon
from tasks.notify import deliver
from tasks.sync_catalog import sync_catalog
now = datetime.now(UTC)
database = {"url": "env:HANG_DB", "table": "calls", "columns": {"time": "t", "model": "m"}}
api = {"provider": "openai", "url": "http://127.0.0.1:%(port)d", "key": "env:HANG_KEY"}
for n in range(4):
    for kind, config in (("sql", database), ("http", api)):
        slug = f"{kind}-{n}"
        poll_soon(Source.objects.create(slug=slug, name=slug, kind=kind, config=config, created_at=now))
    Delivery.objects.create(
        recipient="a@example.com", as_of=now.date(), subject="s", text="t", message_id=f"<{n}@x>",
        created_at=now, next_try_at=now,
    )
    deliver.delay()
    sync_catalog.delay()
print("prepared")
"""
CALL = '{"ts":"2024-01-04T10:00:00Z","application":"%s","platform":"openai","model":"gpt-4","calls":1}\n'


def callers(var: Path) -> set[str]:
    with closing(sqlite3.connect(var / "sundial.sqlite3", timeout=30)) as database:
        return {name for (name,) in database.execute("select consumer from usage_identity")}


def drop(var: Path, name: str) -> None:
    partial = var / "inbox" / f"{name}.part"
    partial.write_text(CALL % name)
    partial.rename(partial.with_suffix(".jsonl"))


def test_a_file_is_counted_while_mail_feed_database_and_api_hang(tmp_path):
    """What hangs would hold two workers for many minutes: each poll of the API alone takes more than two."""
    var = tmp_path / "var"
    with silent_server.running() as port:
        env = environment(
            var,
            EMAIL_URL=f"smtp://127.0.0.1:{port}",
            SUNDIAL_FEEDS=f"yaml=http://127.0.0.1:{port}/catalog.yaml",
            SUNDIAL_POLL_SECONDS="5",
            SUNDIAL_SOURCE_SECRETS="HANG_DB=127.0.0.1,HANG_KEY=127.0.0.1",
            SUNDIAL_ALLOWED_PRIVATE_HOSTS="127.0.0.1",
            HANG_DB=f"postgresql://me@127.0.0.1:{port}/calls",
            HANG_KEY="key",
        )
        with start(sys.executable, "manage.py", "up", "--port", str(free_port()), env=env) as up:
            up.wait_for("Sundial is at")
            drop(var, "before")
            wait_until(lambda: "before" in callers(var), "the first file")
            done = run_manage("shell", "-v", "0", "-c", PREPARE % {"port": port}, env=env)
            assert "prepared" in done.stdout, done.stderr
            drop(var, "after")
            wait_until(lambda: "after" in callers(var), f"the second file\n{up.output}")
            up.stop()
