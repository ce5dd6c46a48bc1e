"""What `/readyz` knows: database, broker, worker and beat."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.core import clock, heartbeat
from dashboard.core.health import readiness
from tasks.heartbeat import beat

NOW = datetime(2024, 1, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_all_is_well_when_every_part_shows_life():
    heartbeat.record("worker", NOW - timedelta(seconds=12))
    heartbeat.record("beat", NOW)
    parts = readiness(NOW)
    assert {name: part["ok"] for name, part in parts.items()} == {
        "database": True,
        "broker": True,
        "worker": True,
        "beat": True,
        "jobs": True,
    }
    assert parts["worker"]["detail"] == "last seen 12 s ago"
    assert parts["broker"]["detail"] == "embedded"


def test_a_part_that_never_ran_is_not_ready():
    parts = readiness(NOW)
    assert (parts["worker"]["ok"], parts["worker"]["detail"]) == (False, "never seen")


def test_worker_and_beat_are_told_apart():
    heartbeat.record("worker", NOW - heartbeat.MAX_AGE - timedelta(seconds=1))
    heartbeat.record("beat", NOW - heartbeat.MAX_AGE)
    parts = readiness(NOW)
    assert (parts["worker"]["ok"], parts["beat"]["ok"]) == (False, True)


def test_a_broker_that_is_gone_is_named_and_costs_nobody_else(settings, tmp_path):
    address = f"unix://{tmp_path}/absent.sock"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": address}}
    heartbeat.record("worker", NOW)
    parts = readiness(NOW)
    assert (parts["broker"]["ok"], parts["broker"]["detail"]) == (False, "ConnectionError")
    assert (parts["database"]["ok"], parts["worker"]["ok"]) == (True, True)


def test_the_worker_beats_by_the_wall_clock_while_today_is_pinned(settings):
    settings.SUNDIAL_TODAY = NOW.date()
    beat()
    assert clock.now().date() == NOW.date()
    assert readiness(clock.wall())["worker"]["ok"] is True
