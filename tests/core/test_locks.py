"""Locks in Redis: one holder at a time, released by token, and no obstacle while the broker is away."""

from threading import Thread

import pytest

from dashboard.core import locks


def test_one_holder_at_a_time():
    with locks.try_lock("scan", seconds=60) as first, locks.try_lock("scan", seconds=60) as second:
        assert (first, second) == (True, False)
    with locks.try_lock("scan", seconds=60) as again:
        assert again


def test_locks_of_different_names_do_not_wait_for_each_other():
    with locks.try_lock("scan", seconds=60), locks.try_lock("poll:1", seconds=60) as other:
        assert other


def test_a_lock_is_released_when_the_work_fails():
    with pytest.raises(ZeroDivisionError), locks.try_lock("scan", seconds=60):
        raise ZeroDivisionError
    assert locks.acquire("scan", seconds=60)


def test_whoever_is_given_the_token_may_release_the_lock():
    token = locks.acquire("file:1", seconds=60)
    assert token
    other = Thread(target=locks.release, args=("file:1", token))
    other.start()
    other.join()
    assert locks.acquire("file:1", seconds=60)


def test_an_expired_lock_is_not_taken_from_its_next_holder(redis_client):
    late = locks.acquire("scan", seconds=60)
    redis_client.delete("sundial:lock:scan")  # as expiry does
    assert locks.acquire("scan", seconds=60)
    locks.release("scan", late)
    assert locks.acquire("scan", seconds=60) is None


def test_a_lock_expires_by_itself(redis_client):
    locks.acquire("scan", seconds=60)
    assert 0 < redis_client.pttl("sundial:lock:scan") <= 60_000


def test_without_a_broker_the_work_is_done_unlocked(settings, tmp_path, caplog):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/absent.sock"}}
    caplog.set_level("WARNING", "dashboard.core.locks")  # `manage.py demo` of another test silences it
    with locks.try_lock("scan", seconds=60) as first, locks.try_lock("scan", seconds=60) as second:
        assert (first, second) == (True, True)
    assert "Working on scan without a lock: the broker does not answer" in caplog.text
    assert locks.acquire("scan", seconds=60) == locks.UNLOCKED
