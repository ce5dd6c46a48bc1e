"""Evidence: the latest call of each caller and name, with its place and id."""

from datetime import UTC, date, datetime

import pytest
from django.db.models import Q

from dashboard.usage.ingest.latest_calls import latest_calls_of
from dashboard.usage.ingest.pipeline import Session, import_file
from dashboard.usage.models import Application, LatestCall
from tests.usage.conftest import NOW, access, line


def proof(as_of=date(2024, 1, 4)):
    application = Application.objects.get()
    found = latest_calls_of(application.pk, Q(), as_of, 10)
    return [(call.time, call.path.rpartition("/")[2], call.line, call.request_id) for call in found]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_latest_call_has_time_place_and_id(source, write, workers):
    lines = [line(n, ts=f"2024-01-04T09:{n:02}:30Z") for n in (3, 41, 7)]
    path = write("calls.jsonl", b"".join([*lines, b"{cut\n"]))
    Session(source, NOW, workers=workers, worker_threshold=1).import_file(path, "sundial")
    assert proof() == [(datetime(2024, 1, 4, 9, 41, 30, tzinfo=UTC), "calls.jsonl", 2, "call-41")]


def test_an_older_file_that_comes_later_does_not_replace_it(source, write):
    for name, minute in (("new.jsonl", 50), ("old.jsonl", 10)):
        content = line(minute, ts=f"2024-01-04T09:{minute}:00Z")
        import_file(source, write(name, content), format="sundial", now=NOW)
    assert [name for _, name, *_ in proof()] == ["new.jsonl"]


def test_of_a_day_before_the_latest_call_nothing_is_told(source, write):
    import_file(source, write("a.jsonl", line(1)), format="sundial", now=NOW)
    assert proof(date(2024, 1, 3)) == []


def test_a_line_without_an_id_is_known_by_its_place(source, write):
    import_file(source, write("access.log", access(1) + access(2)), format="access-log", now=NOW)
    [[at, name, number, request_id]] = proof()
    assert (at, name, number, request_id) == (
        datetime(2024, 1, 4, 9, 0, 2, tzinfo=UTC),
        "access.log",
        2,
        "",
    )


def test_a_key_in_the_place_of_an_id_is_not_kept(source, write):
    content = line(1, id="sk-" + "a" * 40)
    import_file(source, write("a.jsonl", content), format="sundial", now=NOW)
    [[*_, request_id]] = proof()
    assert request_id.startswith("key ")
    assert "aaaa" not in request_id


def test_a_source_of_sums_proves_a_bucket(source, write):
    content = b"date,application,model,calls\n2024-01-03,search,gpt-4,5\n2024-01-04,search,gpt-4,2\n"
    import_file(source, write("sums.csv", content), format="csv", now=NOW)
    call = LatestCall.objects.get()
    assert (call.time, call.seconds) == (datetime(2024, 1, 4, tzinfo=UTC), 86_400)


def test_a_second_reading_changes_nothing(source, write):
    path = write("a.jsonl", line(1) + line(2))
    import_file(source, path, format="sundial", now=NOW)
    before = LatestCall.objects.values().get()
    import_file(source, path, format="sundial", now=NOW)
    assert LatestCall.objects.values().get() == before
