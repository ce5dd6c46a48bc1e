"""Ends a child process when its parent dies (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

__all__ = ["die_with_parent"]

PR_SET_PDEATHSIG = 1

# Looked up before any fork: a child may not load libraries between fork and exec.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn`: the kernel kills the child when the thread that started it dies, even by SIGKILL.

    None where the kernel cannot do that.
    """
    if _prctl is None:
        return None
    parent = os.getpid()

    def set_death_signal() -> None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent died before the signal was set
            os._exit(1)

    return set_death_signal
