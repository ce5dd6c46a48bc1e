"""A supervisor over small services, as a process of its own: `parent.py FOLDER NAME...`.

Each service notes its start and its stop in FOLDER/journal; `stubborn` services ignore the stop signal.
"""

import asyncio
import sys
from pathlib import Path

from dashboard.runtime.processes import Service
from dashboard.runtime.supervisor import Supervisor

SERVICE = """
import os, signal, subprocess, sys
name, journal = sys.argv[1:]

def note(text):
    with open(journal, "a") as handle:
        handle.write(f"{text} {name} {os.getpid()}\\n")

def stop(number, frame):
    note("stop")
    sys.exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN if name.startswith("stubborn") else stop)
if name.startswith("parent"):
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(journal, "a") as handle:
        handle.write(f"start helper {helper.pid}\\n")
note("start")
print(f"{name} says hello", flush=True)
while True:
    signal.pause()
"""


def say(name: str, line: str) -> None:
    print(f"{name}| {line}", flush=True)


def main(folder: str, *names: str) -> None:
    journal = str(Path(folder) / "journal")
    services = [
        Service(name, (sys.executable, "-S", "-c", SERVICE, name, journal), stop_timeout=1.0) for name in names
    ]
    asyncio.run(Supervisor(services, {"PATH": "/usr/bin:/bin"}, say).run())


if __name__ == "__main__":
    main(*sys.argv[1:])
