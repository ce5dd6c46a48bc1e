"""The services that Sundial runs: the command of each, in start order."""

import os
import signal
import sys
from dataclasses import dataclass

from django.conf import settings

from dashboard.runtime import broker

__all__ = ["Service", "all_services", "environment"]

WORKERS = (
    ("worker", "ingest,scan", ("--pool", "prefork", "--concurrency", "2")),
    ("worker-remote", "remote,feeds", ("--pool", "prefork", "--concurrency", "2")),
    ("worker-mail", "mail", ("--pool", "solo")),
)
"""Name, queues and pool of each worker. `solo` is one process: mail is sent one message after the other."""


@dataclass(frozen=True, slots=True)
class Service:
    """One long-running child process.

    `stop_timeout` is the seconds it gets between `stop_signal` and SIGKILL.
    """

    name: str
    command: tuple[str, ...]
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 6.0


def all_services(host: str, port: int) -> list[Service]:
    """Broker (only the embedded one), web, three workers, beat; they stop in the opposite order.

    What waits for other machines has workers of its own, so that it never delays `worker`, which reads and counts.
    Beat goes first so that nothing new is queued, the broker last so that the workers can hand back what
    they have not finished.
    """
    level = settings.MACHINERY_LOG_LEVEL
    # Celery warns of root because of pickled messages; ours are JSON.
    quiet = ("-W", "ignore:You're running the worker with superuser privileges")
    celery = (sys.executable, *quiet, "-m", "celery", "--quiet", "--app", "dashboard")
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    services = [
        Service(
            "web",
            (
                *(sys.executable, "-m", "gunicorn", "dashboard.wsgi", "--bind", address),
                *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload"),
                *("--no-control-socket", "--graceful-timeout", "4", "--log-level", level),
            ),
        ),
        *(
            # SIGQUIT is Celery's soft shutdown: running tasks get a few seconds, then go back to the broker.
            Service(
                name,
                (
                    *(*celery, "worker", "--hostname", f"{name}@%h", "--queues", queues, *pool),
                    *("--without-gossip", "--without-mingle", "--loglevel", level),
                ),
                stop_signal=signal.SIGQUIT,
                stop_timeout=settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT + 4,
            )
            for name, queues, pool in WORKERS
        ),
        Service("beat", (*celery, "beat", "--loglevel", level)),
    ]
    if settings.REDIS_EMBEDDED:
        broker.make_folders(settings.BROKER_SOCKET, settings.BROKER_FOLDER)
        services.insert(
            0, Service("broker", broker.server_command(settings.BROKER_SOCKET, settings.BROKER_FOLDER))
        )
    return services


def environment() -> dict[str, str]:
    """The environment of every service."""
    return {**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
