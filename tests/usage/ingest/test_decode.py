"""Big files: worker processes decode, one reader counts."""

import pytest

from dashboard.usage.ingest import decode
from dashboard.usage.ingest.pipeline import Session
from dashboard.usage.models import RejectedLine
from tests.usage.conftest import NOW, access, line, make_source, totals


def read(source, path, name="sundial", workers=2, **sizes):
    return Session(
        source, NOW, piece_bytes=4000, commit_bytes=20_000, workers=workers, worker_threshold=1, **sizes
    ).import_file(path, name)


def rejected(source):
    return list(
        RejectedLine.objects.filter(source=source).order_by("line").values_list("line", "offset", "reason")
    )


@pytest.fixture
def pair(db):
    return make_source("alone"), make_source("with-workers")


def test_workers_find_what_one_process_finds(pair, write):
    alone, with_workers = pair
    lines = [line(n, app=f"app-{n % 7}", hour=n % 24) if n % 50 else b"{cut\n" for n in range(600)]
    path = write("x.jsonl", b"".join(lines))
    assert read(alone, path, workers=0) == read(with_workers, path)
    assert totals(alone) == totals(with_workers)
    assert rejected(alone) == rejected(with_workers) != []


def test_a_call_that_comes_twice_far_apart_counts_once_with_workers_too(pair, write):
    alone, with_workers = pair
    path = write("x.jsonl", b"".join(line(n % 250) for n in range(600)))
    counts = read(with_workers, path)
    assert (counts.accepted, counts.duplicates) == (250, 350)
    assert read(alone, path, workers=0) == counts
    assert totals(alone) == totals(with_workers)


def test_lines_without_ids_are_known_by_their_place_whoever_decodes_them(pair, write):
    _, with_workers = pair
    content = [access(n) for n in range(300)]
    assert read(with_workers, write("a.log", b"".join(content)), "access-log").accepted == 300
    again = read(with_workers, write("b.log", b"".join(content[:171])), "access-log", workers=0)
    assert (again.accepted, again.duplicates) == (0, 171)


def test_workers_that_die_are_done_without(pair, write, monkeypatch):
    alone, with_workers = pair
    path = write("x.jsonl", b"".join(line(n) for n in range(600)))
    monkeypatch.setattr(decode.sys, "executable", "/bin/false")
    assert read(with_workers, path) == read(alone, path, workers=0)
    assert totals(alone) == totals(with_workers)
