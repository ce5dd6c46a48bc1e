"""Keeps a list of services running under one parent, and stops them all with it.

1. Services start in the order given, each in a session of its own, so that Ctrl-C reaches only the parent.
2. Each line they write is passed on with the service's name in front.
3. A service that ends by itself is started again, after a pause that doubles while it keeps ending early.
4. On SIGINT, SIGTERM or SIGHUP they stop in the opposite order; one that takes too long is killed, and a
   second signal kills all at once.
5. On Linux the kernel kills each service when the parent dies, even by SIGKILL.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from dashboard.runtime.parent_death import die_with_parent
from dashboard.runtime.processes import Service

__all__ = ["Supervisor"]

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0  # a service that ran this long is restarted with the first pause
LAST_OUTPUT_SECONDS = 3.0
LONGEST_LINE = 64 * 1024


class Supervisor:
    """Runs `services` until a signal arrives. `say(name, line)` gets every line of log."""

    def __init__(
        self, services: Sequence[Service], environment: Mapping[str, str], say: Callable[[str, str], None]
    ) -> None:
        self.services = services
        self.environment = dict(environment)
        self.say = say
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.stopping = asyncio.Event()

    async def run(self, on_start: Callable[[], Awaitable[None]] | None = None) -> None:
        """Start everything, then wait for a signal; returns when nothing is left running.

        `on_start` runs beside the services, for example to print a line when the first page answers.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_signal)
        tasks = {}
        starting = asyncio.ensure_future(on_start()) if on_start else None
        try:
            for service in self.services:
                tasks[service.name] = asyncio.create_task(self._keep_running(service))
            await self.stopping.wait()
        finally:
            self.stopping.set()
            if starting:
                starting.cancel()
                with suppress(asyncio.CancelledError):
                    await starting
            for service in reversed(self.services):
                await self._stop(service)
                if service.name in tasks:
                    await tasks[service.name]

    def _on_signal(self) -> None:
        if not self.stopping.is_set():
            self.say("sundial", "stopping (once more to stop at once)")
            self.stopping.set()
            return
        for process in self.processes.values():
            _signal_group(process.pid, signal.SIGKILL)

    async def _keep_running(self, service: Service) -> None:
        """Start `service` again whenever it ends, until the supervisor stops."""
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            started = time.monotonic()
            try:
                how = await self._run_once(service)
            except OSError as error:
                how = str(error)
            if self.stopping.is_set():
                return
            if time.monotonic() - started >= STEADY_SECONDS:
                pause = FIRST_PAUSE
            self.say("sundial", f"{service.name} ended ({how}); starting it again in {pause:.0f} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run_once(self, service: Service) -> str:
        """Run `service` until it ends; returns how it ended. Raises OSError when it cannot be started."""
        # A pipe of our own: with asyncio's, wait() would also wait for every process that inherited it.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *service.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env=self.environment,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.processes[service.name] = process
        if self.stopping.is_set():  # the signal came while the process was being started
            _signal_group(process.pid, signal.SIGKILL)
        relay = asyncio.create_task(self._relay(service.name, reading))
        code = await process.wait()
        # What the service itself started must not outlive it, nor hold its log open.
        _signal_group(process.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(relay, LAST_OUTPUT_SECONDS)
        del self.processes[service.name]
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    async def _relay(self, name: str, pipe: int) -> None:
        """Pass on what the service writes, line by line; an endless line comes in pieces."""
        stream = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(pipe, "rb")
        )
        rest = b""
        try:
            while chunk := await stream.read(LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) >= LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self.say(name, line.decode(errors="replace"))
            if rest:
                self.say(name, rest.decode(errors="replace"))
        finally:
            transport.close()

    async def _stop(self, service: Service) -> None:
        """Ask the service to stop; kill it, and all it started, after its `stop_timeout`."""
        process = self.processes.get(service.name)
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(service.stop_signal)
        try:
            await asyncio.wait_for(asyncio.shield(process.wait()), service.stop_timeout)
        except TimeoutError:
            self.say("sundial", f"{service.name} did not stop within {service.stop_timeout:.0f} s: killed")
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
