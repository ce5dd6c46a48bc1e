"""`manage.py up`: web, worker, beat and, without REDIS_URL, the broker, in the foreground."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from dashboard.core import clock
from dashboard.runtime import bootstrap, broker, preflight, processes
from dashboard.runtime.demo_env import demo_environment
from dashboard.runtime.supervisor import Supervisor
from dashboard.runtime.wait_ready import wait_for_web


class Command(BaseCommand):
    help = "Run everything in the foreground; Ctrl-C stops it cleanly"
    requires_system_checks = ()  # preflight runs them, and reports a failure in one line

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="Use example data (sunset of 2024-01-04), in a database of its own"
        )
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on")
        parser.add_argument("--port", type=int, default=8000, choices=range(1, 65536), metavar="PORT")

    def handle(self, *, demo: bool, host: str, port: int, **_options: Any) -> None:
        if demo and not settings.SUNDIAL_DEMO:
            command = [sys.executable, sys.argv[0], "up", "--demo", "--host", host, "--port", str(port)]
            os.execve(sys.executable, command, demo_environment(os.environ, settings.VAR, port))
        try:
            for warning in preflight.check_settings():
                self.progress(warning)
            preflight.check_state_folder(settings.VAR)
            with preflight.lock_state_folder(settings.VAR):
                preflight.check_port(host, port)
                preflight.check_services()
                preflight.check_database_version()
                if settings.REDIS_EMBEDDED:
                    preflight.wait_for_earlier_broker(settings.BROKER_SOCKET)
                self.run(host, port)
        except (preflight.StartError, broker.BrokerError) as problem:
            raise CommandError(str(problem), returncode=2) from None
        except KeyboardInterrupt:
            raise CommandError("stopped before it was ready; the next start continues", returncode=130) from None

    def run(self, host: str, port: int) -> None:
        with broker.running_if_embedded():
            bootstrap.prepare(self.progress)
            if settings.SUNDIAL_DEMO:
                self.progress("writing and loading the demo's logs (once)")
                call_command("demo")
        base_url = settings.SUNDIAL_BASE_URL
        if base_url == settings.LOCAL_BASE_URL:  # the default follows the port
            os.environ["SUNDIAL_BASE_URL"] = base_url = f"http://localhost:{port}"
        welcome = [
            f"Sundial is at {base_url}/, listening on {host} port {port} (Ctrl-C stops it)",
            *bootstrap.first_sign_in_lines(base_url, clock.wall()),
        ]
        connections.close_all()
        supervisor = Supervisor(processes.all_services(host, port), processes.environment(), self.write_line)

        async def print_welcome() -> None:
            await wait_for_web(host, port)
            for line in welcome:
                self.write_line("sundial", line)

        asyncio.run(supervisor.run(print_welcome))

    def progress(self, line: str) -> None:
        self.write_line("sundial", line)

    def write_line(self, name: str, line: str) -> None:
        # A closed terminal must not end this process before the services are stopped in order.
        with suppress(OSError, ValueError):
            self.stdout.write(f"{name:<13}| {line}")
            self.stdout.flush()
