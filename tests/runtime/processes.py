"""Real processes in tests: starting them, waiting with a bound, and seeing who is still alive."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from django.conf import settings

__all__ = ["RunningProcess", "environment", "free_port", "is_alive", "run_manage", "start", "wait_until"]

DEADLINE_SECONDS = 150.0  # much more than needed: machines that run tests are busy

T = TypeVar("T")


def wait_until(question: Callable[[], T], what: str) -> T:
    """The first answer that is true; the test fails, saying `what` it waited for, when none comes in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {DEADLINE_SECONDS:.0f} s for {what}")
        time.sleep(0.02)
    return answer


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has collected does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(var: Path, **more: str) -> dict[str, str]:
    """A clean environment for a child that keeps its state in `var`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("SUNDIAL_", "DJANGO_"))}
    # SQLite in `var`, and the embedded broker.
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
        ours.pop(name, None)
    return {**ours, "SUNDIAL_VAR": str(var), "SUNDIAL_READ_DOTENV": "0", **more}


class RunningProcess:
    """A child whose output is collected while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.rstrip("\n") for line in self.process.stdout)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> str:
        """The first line of output that holds `text`."""

        def line() -> str:
            return next((line for line in list(self.lines) if text in line), "")

        def found_or_ended() -> str:
            if not line() and self.process.poll() is not None:
                self.reader.join(5)
                assert line(), f"ended without {text!r}:\n{self.output}"
            return line()

        return wait_until(found_or_ended, f"{text!r} in\n{self.output}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=DEADLINE_SECONDS)
        self.reader.join(5)
        return code


@contextmanager
def start(*command: str, env: dict[str, str] | None = None) -> Iterator[RunningProcess]:
    """A child for the length of a `with` block; never outlives it."""
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = RunningProcess(process)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        running.reader.join(5)
        assert process.stdout
        process.stdout.close()


def run_manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,
        cwd=settings.BASE_DIR,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )
