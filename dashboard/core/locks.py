"""A lock in Redis: one worker at a time does a piece of work.

A lock only saves work; the database's constraints and guarded updates keep the numbers right. So while the
broker does not answer, work is done without a lock rather than not at all.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock

__all__ = ["UNLOCKED", "acquire", "release", "try_lock"]

log = logging.getLogger(__name__)

UNLOCKED = ""
"""The token of a lock that nobody holds, because the broker did not answer."""


def acquire(name: str, seconds: int) -> str | None:
    """Acquire the lock `name` until it is released, or expires after `seconds`.

    Returns a token, which `release` accepts in any process, or None while somebody else holds the lock.
    """
    token = secrets.token_hex(16)
    try:
        return token if _lock(name, seconds).acquire(blocking=False, token=token) else None
    except redis.RedisError as error:
        log.warning("Working on %s without a lock: the broker does not answer (%s)", name, error)
        return UNLOCKED


def release(name: str, token: str) -> None:
    """Release the lock that `token` was returned for, in whichever process; no error if it has expired."""
    if token == UNLOCKED:
        return
    try:
        _lock(name).do_release(token)
    except LockNotOwnedError:
        pass  # it expired, and may be somebody else's by now
    except redis.RedisError:
        log.warning("The lock on %s will expire by itself: the broker does not answer", name)


@contextmanager
def try_lock(name: str, seconds: int) -> Iterator[bool]:
    """Yield whether the lock `name` was acquired. It expires after `seconds` if this process dies with it."""
    token = acquire(name, seconds)
    try:
        yield token is not None
    finally:
        if token is not None:
            release(name, token)


def _lock(name: str, seconds: int | None = None) -> Lock:
    # Not thread-local: a lock may be released by another thread or process than the one that acquired it.
    return _client().lock(f"sundial:lock:{name}", timeout=seconds, thread_local=False)


def _client() -> redis.Redis:
    return _client_of(settings.CACHES["default"]["LOCATION"])


@cache
def _client_of(location: str) -> redis.Redis:
    return redis.Redis.from_url(location, socket_timeout=5)
