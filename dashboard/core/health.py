"""Whether Sundial can do its work right now: what `/readyz` answers."""

from datetime import datetime
from typing import TypedDict

import redis
from django.conf import settings
from django.db import DatabaseError, connection

from dashboard.core import heartbeat
from dashboard.core.models import Heartbeat

__all__ = ["Check", "readiness"]

BROKER_TIMEOUT = 2.0


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


def _broker() -> Check:
    try:
        with redis.Redis.from_url(
            settings.CACHES["default"]["LOCATION"],
            socket_timeout=BROKER_TIMEOUT,
            socket_connect_timeout=BROKER_TIMEOUT,
        ) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return Check(ok=False, detail=type(error).__name__)
    return Check(ok=True, detail="embedded" if settings.REDIS_EMBEDDED else "external")


def _alive(at: datetime | None, now: datetime) -> Check:
    if at is None:
        return Check(ok=False, detail="never seen")
    age = now - at
    return Check(ok=age <= heartbeat.MAX_AGE, detail=f"last seen {max(0, int(age.total_seconds()))} s ago")
