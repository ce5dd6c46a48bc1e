"""Work that somebody waits for in a request, given up on after a while.

Timeouts of sockets and databases bound each step, not the sum: a server that sends a byte every ten seconds, or a
file system that hangs, would hold a request for ever.
"""

from collections.abc import Callable
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import TypeVar

from django.utils import translation

__all__ = ["MAX_RUNNING", "run_with_timeout"]

T = TypeVar("T")
MAX_RUNNING = 4
"""Works at a time, those included that nobody waits for any more."""

_slots = BoundedSemaphore(MAX_RUNNING)


def run_with_timeout(work: Callable[[], T], seconds: float) -> T:
    """What `work` answers or raises; TimeoutError when it takes longer than `seconds`, or too many others do.

    It runs in a thread of its own, in the present language, and must not use the database's connection. What
    is given up on runs on until it ends; its answer is dropped.
    """
    if not _slots.acquire(timeout=seconds):
        raise TimeoutError
    language = translation.get_language()
    answer: Future[T] = Future()

    def run() -> None:
        try:
            with translation.override(language):
                answer.set_result(work())
        except BaseException as problem:  # noqa: BLE001  raised again where it is waited for
            answer.set_exception(problem)
        finally:
            _slots.release()

    Thread(target=run, daemon=True).start()
    return answer.result(timeout=seconds)
