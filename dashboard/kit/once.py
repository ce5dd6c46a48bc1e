"""A lock in Redis: one worker at a time does a piece of work.

It saves work; truth is kept by the database's constraints and guarded updates. So when the broker does
not answer, the work is done without a lock rather than not at all.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from django.conf import settings

__all__ = ["holding"]

log = logging.getLogger(__name__)

# Only the holder gives a lock back: an expired one may be somebody else's by now.
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


@contextmanager
def holding(name: str, seconds: int) -> Iterator[bool]:
    """Yield whether the lock `name` is ours now. It expires after `seconds`, should we die with it."""
    key, token = f"sundial:lock:{name}", secrets.token_hex(16)
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"], socket_timeout=5)
    try:
        held = bool(client.set(key, token, nx=True, ex=seconds))
    except redis.RedisError as problem:
        log.warning("Working on %s without a lock: the broker does not answer (%s)", name, problem)
        client.close()
        yield True
        return
    try:
        yield held
    finally:
        if held:
            try:
                client.eval(RELEASE, 1, key, token)
            except redis.RedisError:
                log.warning("The lock on %s expires by itself: the broker does not answer", name)
        client.close()
