"""A lock in Redis: one worker at a time does a piece of work.

It saves work; truth is kept by the database's constraints and guarded updates. So when the broker does
not answer, the work is done without a lock rather than not at all.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import redis
from django.conf import settings

__all__ = ["claim", "holding", "release"]

log = logging.getLogger(__name__)

# Only the holder gives a lock back: an expired one may be somebody else's by now.
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


NOBODY = ""
"""The claim on a lock that nobody keeps, as the broker does not answer."""


def claim(name: str, seconds: int) -> str | None:
    """Take the lock `name` until it is released, or expires after `seconds`: a token, or None if it is taken."""
    token = secrets.token_hex(16)
    try:
        return token if _client().set(_key(name), token, nx=True, ex=seconds) else None
    except redis.RedisError as problem:
        log.warning("Working on %s without a lock: the broker does not answer (%s)", name, problem)
        return NOBODY


def release(name: str, token: str) -> None:
    """Give back the lock that `token` was got for, whoever got it."""
    if token == NOBODY:
        return
    try:
        _client().eval(RELEASE, 1, _key(name), token)
    except redis.RedisError:
        log.warning("The lock on %s expires by itself: the broker does not answer", name)


@contextmanager
def holding(name: str, seconds: int) -> Iterator[bool]:
    """Yield whether the lock `name` is ours now. It expires after `seconds`, should we die with it."""
    token = claim(name, seconds)
    try:
        yield token is not None
    finally:
        if token is not None:
            release(name, token)


def _key(name: str) -> str:
    return f"sundial:lock:{name}"


def _client() -> redis.Redis:
    return _client_of(settings.CACHES["default"]["LOCATION"])


@cache
def _client_of(location: str) -> redis.Redis:
    return redis.Redis.from_url(location, socket_timeout=5)
