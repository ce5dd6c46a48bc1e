"""Object stores as sources, against a server that speaks S3."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.connectors.s3 import listing, reader
from dashboard.usage.connectors.s3.client import Bucket
from dashboard.usage.connectors.s3.seen_objects import SeenObjectHashes
from dashboard.usage.ingest.errors import InputError
from dashboard.usage.ingest.pipeline import Session
from dashboard.usage.models import LatestCall, ListingCursor, RejectedLine, SeenObjects, Source, Stream
from dashboard.usage.polling import poll
from tests.usage.conftest import access, calls, line, totals
from tests.usage.fakes.object_store import Store, litellm, running

NOW = datetime(2024, 1, 4, 12, 30, tzinfo=UTC)
BEDROCK = "AWSLogs/123456789012/BedrockModelInvocationLogs/us-east-1"

pytestmark = pytest.mark.django_db


def progress_of(source):
    return connector_for(source.kind).progress(source, NOW)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as address:
        yield address


@pytest.fixture
def store(server, monkeypatch, request) -> Store:
    monkeypatch.setenv("S3_KEY", "reader")
    monkeypatch.setenv("S3_SECRET", "hunter2")
    made = Store(server, f"bucket-{abs(hash(request.node.nodeid)):x}")
    yield made
    made.client.close()


@pytest.fixture
def asked(monkeypatch) -> dict[str, list]:
    """The pages that were listed, by the key behind which they begin, and the objects that were fetched."""
    seen: dict[str, list] = {"pages": [], "objects": []}
    page, fetch = Bucket.list_page, Bucket.read_object
    monkeypatch.setattr(
        Bucket, "list_page", lambda self, prefix, after: seen["pages"].append(after) or page(self, prefix, after)
    )
    monkeypatch.setattr(
        Bucket, "read_object", lambda self, listed: seen["objects"].append(listed.key) or fetch(self, listed)
    )
    return seen


def bedrock(number: int, day: int = 4, hour: int = 9) -> bytes:
    record = {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"2024-01-{day:02}T{hour:02}:00:00Z",
        "requestId": f"request-{number}",
        "operation": "Converse",
        "modelId": "anthropic.claude-v2",
        "identity": {"arn": "arn:aws:sts::1:assumed-role/search/i-1"},
        "input": {"inputTokenCount": 10},
    }
    return json.dumps(record).encode() + b"\n"


def test_logs_of_bedrock_are_read_once_from_dated_folders(store, asked):
    for hour in (8, 9):
        lines = b"".join(bedrock(10 * hour + n, hour=hour) for n in range(3))
        store.put(f"{BEDROCK}/2024/01/04/{hour:02}/20240104T{hour:02}0000Z_a.json.gz", gzip.compress(lines))
    store.put(f"{BEDROCK}/2024/01/04/09/data/input_1.json.gz", gzip.compress(b"{}"))
    store.put(f"{BEDROCK}/amazon-bedrock-logs-permission-check", b"check")
    source = store.source("bedrock-invocations", prefix="AWSLogs/")
    for minute in range(3):
        poll(source, NOW + timedelta(minutes=minute))
    assert source.problem == ""
    assert totals(source) == {("2024-01-04", "search", "anthropic.claude-v2"): (6, 60)}
    assert len(asked["objects"]) == 2


def test_calls_of_litellm_one_object_each_are_read_many_at_once(store, django_assert_max_num_queries):
    for number in range(150):
        store.put(f"2024-01-04/time-{number:03}.json", litellm(number))
    source = store.source("auto", prefix=[])
    with django_assert_max_num_queries(90):
        poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 150)
    stream = Stream.objects.get()
    assert (stream.accepted, stream.lines, stream.path) == (150, 150, f"s3://{store.name}/")
    assert SeenObjects.objects.count() == 1


def test_an_object_that_comes_late_to_an_old_folder_is_found_by_the_walk_of_the_day(store, asked):
    for day in range(1, 5):
        store.put(f"logs/2024-01-{day:02}/a.json", litellm(day, day))
    source = store.source(prefix="logs/", window_days=1)
    poll(source, NOW)
    assert calls(source) == 4
    store.put("logs/2024-01-01/late.json", litellm(100, 1))
    store.put("logs/2024-01-03/late.json", litellm(101, 3))
    asked["pages"].clear()
    poll(source, NOW + timedelta(minutes=1))
    assert calls(source) == 5, "yesterday lies in the window"
    assert asked["pages"] == [""]
    poll(source, NOW + timedelta(days=1, minutes=1))
    assert (source.problem, calls(source)) == ("", 6)


def test_folders_before_the_first_day_are_not_listed_and_come_when_it_moves(store, asked, monkeypatch):
    monkeypatch.setattr("dashboard.usage.connectors.s3.client.PAGE", 2)
    for day in range(1, 5):
        for number in range(3):
            store.put(f"a/2024/01/{day:02}/{number}.json", litellm(10 * day + number, day))
    source = store.source(since="2024-01-04", prefix="a/")
    poll(source, NOW)
    assert calls(source) == 3
    assert "a/2024/01/02/1.json" not in asked["pages"]
    source.config["since"] = "2024-01-02"
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 9)


def test_an_object_that_is_overwritten_counts_what_is_new_in_it(store):
    store.put("2024-01-04/batch.jsonl", litellm(1) + b"\n" + litellm(2))
    source = store.source()
    poll(source, NOW)
    store.put("2024-01-04/batch.jsonl", litellm(1) + b"\n" + litellm(2) + b"\n" + litellm(3))
    poll(source, NOW)
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 3)


def test_lines_without_ids_are_known_by_the_content_of_their_object(store):
    store.put("a.log", access(1) + access(2))
    store.put("b.log", access(70))
    source = store.source("access-log", since="2000-01-01")
    poll(source, NOW)
    store.put("a.log", access(1) + access(2) + access(3))
    store.put("copy-of-b.log", access(70))
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 4)
    paths = set(Stream.objects.exclude(head="").values_list("path", flat=True))
    assert paths == {f"s3://{store.name}/a.log", f"s3://{store.name}/copy-of-b.log"}


def test_a_poll_reads_a_bounded_number_and_the_next_one_goes_on(store, monkeypatch):
    monkeypatch.setattr(reader, "POLL_OBJECTS", 10)
    monkeypatch.setattr("dashboard.usage.connectors.s3.client.PAGE", 4)
    for number in range(30):
        store.put(f"x/{number:03}.json", litellm(number))
    source = store.source(since="2000-01-01")
    seen = []
    for minute in range(12):
        poll(source, NOW + timedelta(minutes=minute))
        seen.append(calls(source))
    assert seen[0] < 15
    assert seen == sorted(seen)
    assert (source.problem, seen[-1]) == ("", 30)
    assert progress_of(source).is_complete


def test_the_progress_tells_objects_passed_of_those_that_there_were(store, monkeypatch):
    for number in range(20):
        store.put(f"2024-01-01/{number:03}.json", litellm(number, 1))
    source = store.source(window_days=1)
    assert progress_of(source) is None
    monkeypatch.setattr(reader, "POLL_OBJECTS", 8)
    monkeypatch.setattr("dashboard.usage.connectors.s3.client.PAGE", 4)
    poll(source, NOW)
    told = progress_of(source)
    assert (told.unit, told.done, told.total, told.share) == ("objects", 8, 20, 0.4)


def test_a_walk_too_long_to_count_tells_no_share(store, monkeypatch):
    monkeypatch.setattr(listing, "MAX_COUNTED_PAGES", 1)
    monkeypatch.setattr(reader, "POLL_OBJECTS", 4)
    monkeypatch.setattr("dashboard.usage.connectors.s3.client.PAGE", 2)
    for number in range(9):
        store.put(f"2024-01-01/{number}.json", litellm(number, 1))
    source = store.source(window_days=1)
    poll(source, NOW)
    told = progress_of(source)
    assert (told.done, told.total, told.share) == (4, None, None)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-9], "cut off"),
        (lambda data: data[:30] + b"\0\1\2\3" + data[34:], "damaged"),
    ],
)
def test_a_broken_archive_is_told_and_loses_nothing_else(store, asked, damage, words):
    lines = b"".join(bedrock(n) for n in range(100))
    store.put(f"{BEDROCK}/2024/01/04/09/a.json.gz", gzip.compress(bedrock(500)))
    store.put(f"{BEDROCK}/2024/01/04/09/b.json.gz", damage(gzip.compress(lines)))
    store.put(f"{BEDROCK}/2024/01/04/09/c.json.gz", gzip.compress(bedrock(501)))
    source = store.source("bedrock-invocations")
    poll(source, NOW)
    assert words in source.problem
    assert "b.json.gz" in source.problem
    assert calls(source) == 2
    assert RejectedLine.objects.get().path.endswith("/b.json.gz")
    asked["objects"].clear()
    poll(source, NOW)
    assert (asked["objects"], calls(source)) == ([], 2)
    store.put(f"{BEDROCK}/2024/01/04/09/b.json.gz", gzip.compress(lines))
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 102)


def test_a_line_that_is_refused_is_told_with_its_object_and_place(store):
    store.put("2024-01-04/a.json", litellm(1))
    store.put("2024-01-04/b.jsonl", litellm(2) + b"\n{broken\n" + litellm(3))
    store.put("2024-01-04/c.json", litellm(4))
    source = store.source()
    poll(source, NOW)
    reject = RejectedLine.objects.get()
    assert (reject.path, reject.line, reject.offset) == (
        f"s3://{store.name}/2024-01-04/b.jsonl",
        2,
        len(litellm(2)) + 1,
    )
    assert calls(source) == 4


def test_an_object_that_vanishes_between_listing_and_reading_is_told(store, monkeypatch):
    for number in range(3):
        store.put(f"2024-01-04/{number}.json", litellm(number))
    source = store.source()
    fetch = Bucket.read_object

    def vanishing(self, listed):
        if listed.key.endswith("1.json"):
            store.delete(listed.key)
        return fetch(self, listed)

    monkeypatch.setattr(Bucket, "read_object", vanishing)
    poll(source, NOW)
    assert source.problem == "2024-01-04/1.json it was deleted or overwritten after it was listed"
    assert calls(source) == 2
    poll(source, NOW)
    assert source.problem == ""


def test_an_object_that_is_overwritten_while_it_is_read_counts_as_it_was_written_last(store, monkeypatch):
    store.put("2024-01-04/a.json", litellm(1))
    source = store.source()
    fetch = Bucket.read_object

    def overwriting(self, listed):
        store.put(listed.key, litellm(1) + b"\n" + litellm(2))
        return fetch(self, listed)

    with monkeypatch.context() as once:
        once.setattr(Bucket, "read_object", overwriting)
        poll(source, NOW)
    assert "overwritten" in source.problem
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 2)


def test_large_objects_are_read_one_by_one_and_known_again(store, monkeypatch):
    monkeypatch.setattr(reader, "SMALL", 1000)
    monkeypatch.setattr(reader, "LARGE", 5000)
    store.put("2024-01-04/large.jsonl", b"\n".join(litellm(n) for n in range(40)))
    store.put("2024-01-04/medium.jsonl.gz", gzip.compress(b"\n".join(litellm(n) for n in range(400, 900))))
    source = store.source()
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 540)
    SeenObjects.objects.all().delete()
    ListingCursor.objects.all().delete()
    poll(source, NOW)
    assert calls(source) == 540
    paths = set(Stream.objects.exclude(head="").values_list("path", flat=True))
    assert paths == {f"s3://{store.name}/2024-01-04/{name}" for name in ("large.jsonl", "medium.jsonl.gz")}


def test_what_is_in_no_known_format_is_told_and_read_once(store, asked):
    store.put("2024-01-04/a.txt", b"what is this?\nnobody knows\n")
    store.put("2024-01-04/empty.json", b"\n")
    store.put("2024-01-04/folder/", b"")
    source = store.source("auto")
    poll(source, NOW)
    assert "2024-01-04/a.txt is in no format that could be told" in source.problem
    poll(source, NOW)
    assert len(asked["objects"]) == 2
    assert source.problem == ""


def test_a_poll_that_dies_while_it_counts_neither_loses_nor_doubles(store, monkeypatch):
    for number in range(40):
        store.put(f"2024-01-04/{number:02}.json", litellm(number, id=None, litellm_call_id=None))
    source = store.source()
    add = SeenObjectHashes.add

    def dying(self, found):
        add(self, found)
        raise KeyboardInterrupt

    with monkeypatch.context() as once:
        once.setattr(SeenObjectHashes, "add", dying)
        with pytest.raises(KeyboardInterrupt):
            poll(source, NOW)
    assert calls(source) == 0
    store.put("2024-01-04/00-new.json", litellm(100, id=None, litellm_call_id=None))
    poll(source, NOW)
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 41)


def test_two_readers_of_one_bucket_count_each_object_once(store, monkeypatch):
    for number in range(5):
        store.put(f"2024-01-04/{number}.json", litellm(number, id=None, litellm_call_id=None))
    source = store.source()
    unread = SeenObjectHashes.unread

    def meanwhile(self, found):
        mine = unread(self, found)
        monkeypatch.setattr(SeenObjectHashes, "unread", unread)
        poll(Source.objects.get(pk=source.pk), NOW)
        return mine

    monkeypatch.setattr("dashboard.usage.polling.try_lock", _no_lock())
    monkeypatch.setattr(SeenObjectHashes, "unread", meanwhile)
    poll(source, NOW)
    assert source.problem == "Another worker read this first; the next poll continues"
    assert calls(source) == 5
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 5)


def _no_lock() -> Callable:
    return lambda *_: nullcontext(True)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"bucket": "no-such-bucket-here"}, "there is no such bucket"),
        ({"access_key": "reader"}, "Secrets are named"),
        ({"secret_key": None}, "both access_key and secret_key"),
        ({"access_key": "env:NOT_THERE"}, "NOT_THERE is not set"),
        ({"access_key": "env:SECRET_KEY"}, "belongs to Sundial"),
        ({"bucket": "s3://x/y"}, "name of a bucket"),
        ({"endpoint_url": "file:///etc/passwd"}, "endpoint_url must be"),
        ({"endpoint_url": "http://127.0.0.1:1"}, "cannot be reached"),
        ({"prefixes": ["a/", "a/b/"]}, "inside another"),
        ({"prefix": 4}, "prefix must be"),
        ({"window_days": 0}, "window_days"),
        ({"since": "long ago"}, "since is not a day"),
    ],
)
def test_what_keeps_a_bucket_from_being_read_is_told_without_secrets(store, config, words):
    source = store.source(**config)
    poll(source, NOW)
    assert words in source.problem
    assert "hunter2" not in source.problem


def test_a_store_that_is_away_is_told_and_read_when_it_is_back(store):
    store.put("2024-01-04/a.json", litellm(1))
    source = store.source(endpoint_url="http://127.0.0.1:1")
    poll(source, NOW)
    assert "cannot be reached" in source.problem
    source.config["endpoint_url"] = store.address
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)


def test_a_call_is_proven_by_its_object_and_the_line_there(store):
    store.put("2024-01-04/a.json", litellm(1) + b"\n" + litellm(2))
    store.put("2024-01-04/b.json", litellm(3) + b"\n" + litellm(4))
    poll(store.source(), NOW)
    [call] = LatestCall.objects.all()
    assert (call.request_id, call.path, call.line) == ("chatcmpl-4", f"s3://{store.name}/2024-01-04/b.json", 2)


def test_nothing_is_left_on_the_disk(store, settings):
    store.put("2024-01-04/a.json", litellm(1))
    poll(store.source(), NOW)
    assert list((settings.VAR / "run" / "objects").iterdir()) == []


def test_parquet_objects_count_as_their_lines_do(store, tmp_path):
    """Of a format whose records have ids they are put together, of ours each is a file of its own."""
    source = store.source("auto", prefix="")
    ours = b"".join(line(n) for n in range(20))
    theirs = b"".join(litellm(n) for n in range(20))
    for name, data in (("a", ours), ("b", theirs)):
        rows, path = tmp_path / f"{name}.jsonl", tmp_path / f"{name}.parquet"
        rows.write_bytes(data)
        duckdb.sql(f"COPY (FROM read_json('{rows}')) TO '{path}' (FORMAT parquet)")
        store.put(f"2024-01-04/{name}.parquet", path.read_bytes())
    store.put("2024-01-04/c.parquet", path.read_bytes()[:-4])
    poll(source, NOW)
    assert calls(source) == 40
    assert "c.parquet is a Parquet file without its end" in source.problem
    store.put("2024-01-04/d.jsonl", ours)
    store.put("2024-01-04/e.jsonl", theirs)
    poll(source, NOW + timedelta(minutes=1))
    assert calls(source) == 40
    assert set(LatestCall.objects.filter(request_id="call-19").values_list("path", flat=True)) == {
        f"s3://{store.name}/2024-01-04/a.parquet"
    }


def test_an_object_is_rejected_for_what_it_holds_and_not_for_the_wording_of_an_error(store, monkeypatch):
    def import_file(_session, path, _format_name):
        raise InputError(path, "is cut off: but this is no fault of the object")

    store.put("2024-01-04/a.csv", b"ts,model\n2024-01-04T09:00:00Z,gpt-4\n")
    source = store.source("csv")
    with monkeypatch.context() as patched:
        patched.setattr(Session, "import_file", import_file)
        poll(source, NOW)
    assert source.problem == "is cut off: but this is no fault of the object"
    assert not RejectedLine.objects.exists()
    poll(source, NOW)
    assert (source.problem, calls(source)) == ("", 1)
