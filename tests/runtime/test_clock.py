"""A clock that jumps ahead and back, a day of 23 hours, and two beats: every due job still runs, and once."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.alerts.delivery import SendResult, send_due
from dashboard.alerts.models import Delivery, State
from dashboard.celery import app
from dashboard.core import clock, heartbeat
from dashboard.core.health import readiness
from dashboard.runtime.beat_scheduler import Scheduler
from dashboard.usage.connectors.sync_window import WindowCheckpointer
from dashboard.usage.models import Source
from dashboard.usage.polling import claim_due
from tasks.schedule import SCHEDULE
from tests.alerts.test_delivery import make_delivery
from tests.factories import make_source

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 31, 0, 30, tzinfo=UTC)  # in an hour Europe's clocks skip one
AHEAD = timedelta(days=3)


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """The jobs that beats send."""
    names: list[str] = []
    for task in app.tasks.values():
        monkeypatch.setattr(task, "apply_async", lambda *_args, name=task.name, **_options: names.append(name))
    monkeypatch.setattr(app, "send_task", lambda name, *_args, **_options: names.append(name))
    monkeypatch.setattr(Scheduler, "producer", None)
    # The test's transaction needs the connection.
    monkeypatch.setattr("dashboard.runtime.beat_scheduler.close_old_connections", lambda: None)
    return names


class Clock:
    """The time that beats see."""

    def __init__(self, monkeypatch) -> None:
        self.now = NOW
        monkeypatch.setattr(clock, "wall", lambda: self.now)
        monkeypatch.setattr(app, "now", lambda: self.now)


@pytest.fixture
def wall(monkeypatch) -> Clock:
    return Clock(monkeypatch)


def make_beat(folder, name: str) -> Scheduler:
    assert app.conf.beat_schedule == SCHEDULE
    return Scheduler(app, schedule_filename=str(folder / name))


def run(wall: Clock, beats: list[Scheduler], hours: float, step: float = 10) -> None:
    """Let the beats tick every ten seconds, each until nothing is due."""
    for _ in range(round(hours * 3600 / step)):
        wall.now += timedelta(seconds=step)
        for beat in beats:
            while beat.tick() == 0:
                pass


def test_two_beats_send_each_due_job_once(sent, wall, tmp_path):
    beats = [make_beat(tmp_path, "one"), make_beat(tmp_path, "two")]
    sent.clear()
    wall.now = NOW.replace(hour=7, minute=50)
    for beat in beats:
        for entry in beat.schedule.values():
            entry.last_run_at = wall.now
    run(wall, beats, 1 / 3, step=20)
    assert sent.count("sundial.notify") == 1
    assert sent.count("sundial.scan") == 1
    assert 18 <= sent.count("sundial.deliver") <= 21
    assert sent.count("sundial.sync_catalog") == sent.count("sundial.prune") == 0


def test_a_clock_that_was_ahead_and_is_set_back_stops_no_job(sent, wall, tmp_path):
    beat = make_beat(tmp_path, "one")
    wall.now = NOW + AHEAD
    run(wall, [beat], 0.3, step=60)
    wall.now = NOW
    sent.clear()
    run(wall, [beat], 1 / 60)
    assert {"sundial.poll_due", "sundial.deliver", "sundial.scan", "sundial.heartbeat"} <= set(sent)
    assert sent.count("sundial.notify") <= 1
    sent.clear()
    run(wall, [beat], 1 / 60)
    assert "sundial.notify" not in sent


def test_a_restart_after_the_clock_was_set_back_stops_no_job(sent, wall, tmp_path):
    beat = make_beat(tmp_path, "one")
    wall.now = NOW + AHEAD
    run(wall, [beat], 0.3, step=60)
    beat.close()
    wall.now = NOW
    sent.clear()
    run(wall, [make_beat(tmp_path, "one")], 1 / 60)
    assert {"sundial.poll_due", "sundial.deliver", "sundial.scan"} <= set(sent)


def test_a_source_whose_last_poll_is_in_the_future_is_due():
    source = make_source("logs", poll_seconds=60)
    assert source.pk in claim_due(NOW + AHEAD)
    assert source.pk in claim_due(NOW)
    assert source.pk not in claim_due(NOW + timedelta(seconds=10))
    assert Source.objects.get(pk=source.pk).polled_at == NOW


def test_a_mail_whose_next_try_is_days_ahead_is_due(settings):
    settings.EMAIL_BACKEND = "dashboard.alerts.file_backend.EmailBackend"
    make_delivery(1, next_try_at=NOW + AHEAD)
    make_delivery(2, next_try_at=NOW + timedelta(minutes=59))
    assert send_due(NOW) == SendResult(sent=1)


def test_a_mail_claimed_in_the_future_is_of_unknown_fate():
    make_delivery(1, state=State.SENDING, claimed_at=NOW + AHEAD)
    assert send_due(NOW) == SendResult(unknown=1)
    assert Delivery.objects.get().state == State.UNKNOWN


def test_a_sign_of_life_from_the_future_is_none():
    for name in ("worker", "beat"):
        heartbeat.record(name, NOW + AHEAD)
    parts = readiness(NOW)
    assert (parts["worker"]["ok"], parts["beat"]["ok"]) == (False, False)
    assert not heartbeat.is_alive("worker", NOW)
    heartbeat.record("worker", NOW + timedelta(seconds=20))
    assert readiness(NOW)["worker"]["ok"], "clocks of two machines differ a little"


def test_a_table_read_into_the_future_is_read_on_from_the_present():
    hour, source = 3600, make_source("table")
    ahead = NOW + AHEAD
    before = WindowCheckpointer(source, "log", ahead)
    before.commit_span([], (int(ahead.timestamp()) - 90 * hour, int(ahead.timestamp())), 0)
    after = WindowCheckpointer(source, "log", NOW)
    until = int(NOW.timestamp())
    spans = list(after.recent(0, until, 6 * hour, hour, 100))
    assert spans[0][0] <= until - 6 * hour
    after.commit_span([], (spans[-1][0], until), 0)
    assert WindowCheckpointer(source, "log", ahead).until == until, "the days between are read when they come"
