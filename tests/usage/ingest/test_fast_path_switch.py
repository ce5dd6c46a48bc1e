"""SUNDIAL_FAST_PATHS=0 and SUNDIAL_WORKER_PROCESSES=0 change how files are decoded, never what they add up to."""

import pytest

from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.ingest.pipeline import Session, import_file
from dashboard.usage.models import LatestCall, RejectedLine
from tests.usage.conftest import GOLDEN, NOW, access, line, make_source, totals
from tests.usage.formats import test_aggregated, test_document_formats, test_formats

SAMPLES = {
    **{name: sample[0] for name, sample in test_formats.SAMPLES.items()},
    **{name: sample[0] for name, sample in test_document_formats.SAMPLES.items()},
    **{name: sample[0] for name, sample in test_aggregated.SAMPLES.items()},
}

pytestmark = pytest.mark.django_db


def everything_of(source):
    latest = LatestCall.objects.filter(name__source=source)
    rejected = RejectedLine.objects.filter(source=source)
    return (
        totals(source),
        sorted(latest.values_list("name__called_as", "identity__consumer", "at", "line", "request_id")),
        sorted(rejected.values_list("line", "offset", "reason", "sample")),
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_a_golden_file_adds_up_to_the_same_without_fast_paths(name, settings, db):
    results = []
    for enabled in (True, False):
        settings.SUNDIAL_FAST_PATHS = enabled
        source = make_source(f"fast-{enabled}")
        counts = import_file(source, GOLDEN / name, format=SAMPLES[name], now=NOW)
        results.append((counts, *everything_of(source)))
    assert results[0] == results[1]


@pytest.mark.parametrize("workers", [0, 2])
def test_without_fast_paths_no_line_goes_through_one(workers, write, settings, monkeypatch):
    settings.SUNDIAL_FAST_PATHS = False
    monkeypatch.setattr(FastPathFormat, "decode_fast", None)
    path = write("access.log", b"".join(access(n) for n in range(50)))
    session = Session(make_source("slow"), NOW, workers=workers, worker_threshold=1)
    assert session.import_file(path, "access-log").accepted == 50


def test_without_worker_processes_a_large_file_is_decoded_in_one_process(write, settings, monkeypatch):
    settings.SUNDIAL_WORKER_PROCESSES = False
    monkeypatch.setattr("dashboard.usage.ingest.file_reader.WorkerProcesses", None)
    path = write("x.jsonl", b"".join(line(n) for n in range(50)))
    counts = Session(make_source("one"), NOW, worker_threshold=1).import_file(path, "sundial")
    assert counts.accepted == 50
