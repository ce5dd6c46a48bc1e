"""The supervisor, over real processes."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.runtime.processes import RunningProcess, is_alive, start, wait_until


class Parent:
    """A running supervisor and what its services wrote into their journal."""

    def __init__(self, running: RunningProcess, journal: Path) -> None:
        self.running = running
        self.journal = journal

    def events(self, kind: str) -> list[tuple[str, int]]:
        """(service, pid) of every start or stop so far."""
        lines = self.journal.read_text().splitlines() if self.journal.exists() else []
        return [(name, int(pid)) for what, name, pid in map(str.split, lines) if what == kind]

    def pids(self, count: int) -> list[int]:
        """The process ids of the first `count` starts."""
        wait_until(lambda: len(self.events("start")) >= count, f"{count} starts in\n{self.running.output}")
        return [pid for _, pid in self.events("start")]


@contextmanager
def supervised(folder: Path, *names: str) -> Iterator[Parent]:
    command = (sys.executable, "-m", "tests.runtime.parent", str(folder), *names)
    with start(*command) as running:
        yield Parent(running, folder / "journal")


def test_services_stop_in_the_opposite_order_and_nothing_is_left(tmp_path):
    with supervised(tmp_path, "broker", "web", "worker", "beat") as parent:
        pids = parent.pids(4)
        assert parent.running.stop(signal.SIGINT) == 0
        assert [name for name, _ in parent.events("stop")] == ["beat", "worker", "web", "broker"]
        assert not any(is_alive(pid) for pid in pids)


def test_sigterm_and_a_closed_terminal_stop_as_cleanly_as_ctrl_c(tmp_path):
    for number in (signal.SIGTERM, signal.SIGHUP):
        folder = tmp_path / number.name
        folder.mkdir()
        with supervised(folder, "web") as parent:
            parent.pids(1)
            assert parent.running.stop(number) == 0
            assert len(parent.events("stop")) == 1


def test_a_killed_service_is_started_again_and_the_log_says_so(tmp_path):
    with supervised(tmp_path, "web", "worker") as parent:
        parent.pids(2)
        web = dict(parent.events("start"))["web"]
        os.kill(web, signal.SIGKILL)
        parent.pids(3)
        name, pid = parent.events("start")[-1]
        assert (name, is_alive(pid)) == ("web", True)
        assert "starting it again" in parent.running.wait_for("sundial| web ended (signal SIGKILL)")
        assert parent.running.stop() == 0


def test_what_a_dead_service_had_started_goes_with_it(tmp_path):
    with supervised(tmp_path, "parent-of-one") as parent:
        parent.pids(2)
        started = dict(parent.events("start"))
        os.kill(started["parent-of-one"], signal.SIGKILL)
        wait_until(lambda: not is_alive(started["helper"]), "the helper's end")
        parent.running.stop()


def test_log_lines_carry_the_name_of_their_service(tmp_path):
    with supervised(tmp_path, "web") as parent:
        assert parent.running.wait_for("hello") == "web| web says hello"
        parent.running.stop()


def test_a_service_that_ignores_the_stop_is_killed_when_its_stop_timeout_is_over(tmp_path):
    with supervised(tmp_path, "web", "stubborn") as parent:
        pids = parent.pids(2)
        assert parent.running.stop() == 0
        assert "stubborn did not stop within 1 s: killed" in parent.running.output
        assert [name for name, _ in parent.events("stop")] == ["web"]
        assert not any(is_alive(pid) for pid in pids)


def test_a_second_signal_kills_at_once(tmp_path):
    with supervised(tmp_path, "web", "stubborn") as parent:
        pids = parent.pids(2)
        parent.running.process.send_signal(signal.SIGINT)
        parent.running.wait_for("stopping")
        parent.running.stop(signal.SIGINT)
        assert "did not stop within" not in parent.running.output
        assert not any(is_alive(pid) for pid in pids)


def test_nothing_outlives_a_parent_that_was_killed(tmp_path):
    with supervised(tmp_path, "broker", "web", "stubborn") as parent:
        pids = parent.pids(3)
        parent.running.stop(signal.SIGKILL)
        wait_until(lambda: not any(is_alive(pid) for pid in pids), "the services' end")
