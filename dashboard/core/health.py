"""Whether Sundial can do its work right now: what `/readyz` answers."""

from datetime import datetime
from typing import TypedDict

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from dashboard.core import heartbeat
from dashboard.core.models import Heartbeat

__all__ = ["BrokerUnreachableError", "Check", "ping_broker", "readiness"]

BROKER_TIMEOUT = 2.0


class BrokerUnreachableError(Exception):
    """Redis does not answer, or its address is none; `__cause__` has the client's own error."""


class Check(TypedDict):
    ok: bool
    detail: str


def readiness(now: datetime) -> dict[str, Check]:
    """`database`, `broker`, `worker` and `beat`, each with `ok` and a `detail` that carries no secret.

    `now` is the wall clock's instant (`clock.wall()`): heartbeats are real even while `SUNDIAL_TODAY` pins today.
    """
    try:
        seen = dict(Heartbeat.objects.filter(name__in=("worker", "beat")).values_list("name", "at"))
    except DatabaseError as error:
        unknown = Check(ok=False, detail="unknown: the database does not answer")
        database = Check(ok=False, detail=type(error).__name__)
        return {"database": database, "broker": _broker(), "worker": unknown, "beat": unknown}
    return {
        "database": Check(ok=True, detail=connection.vendor),
        "broker": _broker(),
        "worker": _alive(seen.get("worker"), now),
        "beat": _alive(seen.get("beat"), now),
    }


def ping_broker(url: str, timeout: float) -> None:
    """Ask the Redis at `url` for an answer within `timeout` seconds. Raises BrokerUnreachableError."""
    try:
        with redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise BrokerUnreachableError(str(error) or type(error).__name__) from error


def _broker() -> Check:
    try:
        ping_broker(settings.CACHES["default"]["LOCATION"], BROKER_TIMEOUT)
    except BrokerUnreachableError as error:
        return Check(ok=False, detail=type(error.__cause__).__name__)
    return Check(ok=True, detail="embedded" if settings.REDIS_EMBEDDED else "external")


def _alive(at: datetime | None, now: datetime) -> Check:
    if at is None:
        return Check(ok=False, detail="never seen")
    age = now - at
    return Check(ok=age <= heartbeat.MAX_AGE, detail=f"last seen {max(0, int(age.total_seconds()))} s ago")
