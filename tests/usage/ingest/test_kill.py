"""Readers killed with SIGKILL at many points, and two at once: the totals are those of one calm read."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.usage.models import Source, Stream
from tests.thorough import sample
from tests.usage.conftest import access, calls, line, make_source, totals

ROOT = Path(__file__).parents[3]
RECORDS = 1500
KILLS = sample(4, 13)  # for each of the two ways to recognise a call

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _start(environment: dict, source: Source, path: Path, name: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.usage.ingest.reader_process", str(source.pk), str(path), name]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _content(ids: bool) -> bytes:
    if ids:
        return b"".join(line(n, app=f"app-{n % 5}", hour=n % 24) for n in range(RECORDS))
    return b"".join(access(n) for n in range(RECORDS))


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_a_reader_killed_at_many_points_loses_nothing_and_counts_nothing_twice(shared_database, tmp_path, ids):
    path = tmp_path / "usage.log"
    path.write_bytes(_content(ids))
    name = "sundial" if ids else "access-log"
    source, calm = make_source("killed"), make_source("calm")
    dice = random.Random(20240104)
    places = []
    for _ in range(KILLS):
        reader = _start(shared_database, source, path, name)
        pieces = dice.randint(1, 4)
        while pieces and "piece" in (reader.stdout.readline() or ""):
            pieces -= 1
        reader.kill()
        reader.wait()
        reader.stdout.close()
        places.append(sum(Stream.objects.values_list("offset", flat=True)))
    last = _start(shared_database, source, path, name)
    assert f"done {RECORDS}" in last.communicate(timeout=400)[0]
    assert last.returncode == 0
    reader = _start(shared_database, calm, path, name)
    reader.communicate(timeout=400)
    assert len(set(places)) > KILLS // 4, "the kills must land in the middle"
    assert calls(source) == RECORDS
    assert totals(source) == totals(calm)


def test_two_readers_of_one_file_count_it_once(shared_database, tmp_path):
    path = tmp_path / "usage.log"
    path.write_bytes(_content(ids=False))
    source = make_source("doubled")
    readers = [_start(shared_database, source, path, "access-log") for _ in range(2)]
    for reader in readers:
        assert f"done {RECORDS}" in reader.communicate(timeout=400)[0]
        assert reader.returncode == 0
    assert calls(source) == RECORDS


def test_two_readers_of_files_that_share_calls_count_each_call_once(shared_database, tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    lines = _content(ids=True).splitlines(keepends=True)
    first.write_bytes(b"".join(lines))
    second.write_bytes(b"".join(reversed(lines)))
    source = make_source("shared")
    readers = [_start(shared_database, source, path, "sundial") for path in (first, second)]
    for reader in readers:
        reader.communicate(timeout=400)
        assert reader.returncode == 0
    assert calls(source) == RECORDS
