"""How far sources are: time for what is asked, bytes for files."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.connectors.sync_window import WindowCheckpointer
from dashboard.usage.ingest.pipeline import Session
from dashboard.usage.models import Stream
from dashboard.usage.polling import poll
from tests.usage.conftest import NOW, line, make_source

pytestmark = pytest.mark.django_db


def progress_of(source):
    return connector_for(source.kind).progress(source, NOW)


def at(day: int, hour: int = 0) -> int:
    return int(datetime(2024, 1, day, hour, tzinfo=UTC).timestamp())


@pytest.fixture
def table():
    return make_source(
        "gateway", kind="sql", config={"since": "2024-01-01"}, polled_at=datetime(2024, 1, 11, 12, 5, tzinfo=UTC)
    )


def test_nothing_is_told_before_the_first_poll_and_of_imports(table):
    assert progress_of(table) is None
    assert progress_of(make_source("by-hand")) is None


def test_history_is_told_by_the_time_that_it_covers(table):
    place = WindowCheckpointer(table, "log", NOW)
    place.commit_span([], (at(6), at(11, 12)), 0)
    told = progress_of(table)
    assert told.unit == "seconds"
    assert told.share == pytest.approx(5.5 / 10.5)
    assert (told.started_on, told.complete_from) == (
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 6, tzinfo=UTC),
    )
    assert told.complete_until == told.target == datetime(2024, 1, 11, 12, tzinfo=UTC)
    place.commit_span([], (at(1), at(6)), 0)
    assert progress_of(table).is_complete


def test_a_day_that_moves_earlier_opens_the_history_again(table):
    WindowCheckpointer(table, "log", NOW).commit_span([], (at(1), at(11, 12)), 0)
    table.config["since"] = "2023-12-01"
    told = progress_of(table)
    assert told.share == pytest.approx(10.5 / 41.5)
    assert not told.is_complete


def test_the_slowest_endpoint_decides_from_when_until_when(table):
    WindowCheckpointer(table, "one", NOW).commit_span([], (at(1), at(11)), 0)
    WindowCheckpointer(table, "two", NOW).commit_span([], (at(9), at(10)), 0)
    told = progress_of(table)
    assert (told.complete_from.day, told.complete_until.day, told.target.day) == (9, 10, 11)
    assert told.share == pytest.approx(11 / 20)


def test_files_are_told_by_their_bytes_and_a_compressed_one_by_all_or_nothing(inbox, settings):
    plain, packed = settings.SUNDIAL_INBOX / "a.jsonl", settings.SUNDIAL_INBOX / "b.jsonl.gz"
    plain.write_bytes(line(1) + line(2))
    packed.write_bytes(gzip.compress(line(3)))
    assert (progress_of(inbox).share, progress_of(inbox).done) == (0, 0)
    Session(inbox, NOW).follow(plain, "auto", None)
    with plain.open("ab") as file:
        file.write(line(4))
    told = progress_of(inbox)
    assert told.unit == "bytes"
    assert told.done == len(line(1) + line(2))
    assert told.total == plain.stat().st_size + packed.stat().st_size
    poll(inbox, NOW + timedelta(minutes=1))
    assert progress_of(inbox).share == 1
    assert Stream.objects.count() == 2
