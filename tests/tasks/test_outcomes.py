"""Jobs that fail or no longer run make `/readyz` fail and show on the overview and the sources."""

from datetime import timedelta

import pytest
from celery.schedules import crontab

from dashboard.core import clock, heartbeat, jobs
from dashboard.findings import scan as findings
from dashboard.usage import polling
from dashboard.usage.connectors.files import poller
from tasks.scan import scan
from tasks.schedule import SCHEDULE
from tests.usage.conftest import NOW, inbox

__all__ = ["inbox"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive():
    for part in ("worker", "beat"):
        heartbeat.record(part, clock.wall())


def ready(client) -> tuple[int, dict]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["parts"]["jobs"]


def broken(*_, **__):
    raise AttributeError("secret content")


def test_every_scheduled_job_is_watched():
    periodic = {e["task"]: e["schedule"] for e in SCHEDULE.values() if not isinstance(e["schedule"], crontab)}
    heartbeats = {"sundial.heartbeat"}  # judged as the worker's own sign of life
    assert {name: every for name, every in periodic.items() if name not in heartbeats} == jobs.INTERVALS
    assert {e["task"] for e in SCHEDULE.values()} - periodic.keys() == jobs.DAILY


def test_a_failing_scan_makes_readyz_fail_until_one_succeeds(client, admin_client, alive, monkeypatch):
    assert ready(client)[0] == 200
    monkeypatch.setattr(findings, "run", broken)
    scan.apply()
    status, part = ready(client)
    assert (status, part["ok"]) == (503, False)
    assert "sundial.scan failed: AttributeError" in part["detail"]
    assert "secret" not in part["detail"]
    for page in ("/", "/sources/"):
        assert "sundial.scan failed: AttributeError" in admin_client.get(page).content.decode()
    monkeypatch.undo()
    scan.apply()
    assert ready(client) == (200, {"ok": True, "detail": "no failures"})


def test_a_job_that_did_not_run_for_several_intervals_makes_readyz_fail(client, alive):
    jobs.record_success("sundial.deliver", clock.wall() - timedelta(minutes=4))
    assert ready(client)[0] == 200
    jobs.record_success("sundial.deliver", clock.wall() - timedelta(minutes=6))
    status, part = ready(client)
    assert status == 503
    assert "sundial.deliver did not run since" in part["detail"]


def test_a_poll_that_raises_is_told_by_its_source_and_by_readyz(client, alive, inbox, monkeypatch):
    monkeypatch.setattr(poller, "source_files", broken)
    with pytest.raises(AttributeError):
        polling.poll(inbox, NOW)
    inbox.refresh_from_db()
    assert inbox.problem.startswith("The poll failed: AttributeError")
    assert ready(client)[0] == 503
    monkeypatch.undo()
    polling.poll(inbox, NOW)
    assert (ready(client)[0], inbox.problem) == (200, "")


def test_names_set_aside_are_told_but_fail_nothing(client, alive):
    jobs.record_notice("names", 3, clock.wall())
    status, part = ready(client)
    assert status == 200
    assert part["detail"].startswith("3 names of models could not be resolved")
    jobs.record_notice("names", 0, clock.wall())
    assert ready(client)[1]["detail"] == "no failures"
