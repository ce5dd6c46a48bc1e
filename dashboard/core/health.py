"""Whether Sundial can do its work right now: what `/readyz` answers, and trouble that passes by itself."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypedDict

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from dashboard.core import heartbeat, jobs
from dashboard.core.models import Heartbeat

__all__ = ["RETRY_SECONDS", "BrokerUnreachableError", "Check", "is_passing_trouble", "ping_broker", "readiness"]

BROKER_TIMEOUT = 2.0
RETRY_SECONDS = 10
"""What a response 503 gives as Retry-After."""

DEFECTS = ("no such ", "near ", "malformed", "not a database", "has no column")
"""In SQLite's words for errors that stay: SQLite reports them as OperationalError, too."""


class BrokerUnreachableError(Exception):
    """Redis does not answer, or its address is none; `__cause__` has the client's own error."""


class Check(TypedDict):
    ok: bool
    detail: str


def readiness(now: datetime) -> dict[str, Check]:
    """`database`, `broker`, `worker`, `beat` and `jobs`, each with `ok` and a `detail` that carries no secret.

    Jobs are not ok while one fails or does not run; what a job set aside is in the detail only.

    `now` is the wall clock's instant (`clock.wall()`): heartbeats are real even while `SUNDIAL_TODAY` pins today.
    """
    try:
        seen = dict(Heartbeat.objects.filter(name__in=("worker", "beat")).values_list("name", "at"))
        troubles = jobs.problems(now)
    except DatabaseError as error:
        unknown = Check(ok=False, detail="unknown: the database does not answer")
        database = Check(ok=False, detail=type(error).__name__)
        return {"database": database, "broker": _broker(), "worker": unknown, "beat": unknown, "jobs": unknown}
    return {
        "database": Check(ok=True, detail=connection.vendor),
        "broker": _broker(),
        "worker": _alive(seen.get("worker"), now),
        "beat": _alive(seen.get("beat"), now),
        "jobs": Check(
            ok=not any(trouble.is_failure for trouble in troubles),
            detail=" ".join(trouble.text for trouble in troubles[:5]) or "no failures",
        ),
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
    if age < -heartbeat.MAX_AGE:
        return Check(ok=False, detail="last seen in the future: the clock was set back")
    return Check(ok=age <= heartbeat.MAX_AGE, detail=f"last seen {max(0, int(age.total_seconds()))} s ago")


def is_passing_trouble(error: BaseException | None) -> bool:
    """Whether `error`, or one that it was raised for, says that the database cannot answer just now.

    Sessions, for one, hide the database's own error behind one of theirs.
    """
    return any(_is_passing(cause) for cause in _causes(error))


def _is_passing(error: BaseException) -> bool:
    text = str(error)
    if isinstance(error, InterfaceError):
        return "closed" in text or "connection" in text
    return isinstance(error, OperationalError) and not any(words in text for words in DEFECTS)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
