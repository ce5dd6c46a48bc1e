"""Testing a source before it is saved: what it would bring is told, and nothing is written."""

import gzip
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import duckdb
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from dashboard.usage import preview as preview_module
from dashboard.usage.connectors.preview_base import SAMPLE_RECORDS
from dashboard.usage.connectors.s3 import preview as s3_preview
from dashboard.usage.connectors.sql.preview import newest_bucket
from dashboard.usage.models import Application, ApplicationRule, Identity, Source, Stream
from dashboard.usage.preview import Preview, PreviewApplication, preview
from tests.factories import make_application
from tests.usage.conftest import GOLDEN, NOW, access, line

pytestmark = pytest.mark.django_db
SAMPLES = sorted(
    path
    for path in GOLDEN.iterdir()
    if path.suffix in {".json", ".jsonl", ".log"} or path.with_suffix(".totals.csv").exists()
)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """A request of another test may have left its language behind."""
    with translation.override("en"):
        yield


def look(kind: str = "watch", now: datetime = NOW, **fields) -> Preview:
    """Test a source that nobody saved, and make sure that the test left nothing behind."""
    before = [model.objects.count() for model in (Source, Stream, Identity, Application)]
    found = preview(Source(name="Trial", kind=kind, **fields), now)
    assert [model.objects.count() for model in (Source, Stream, Identity, Application)] == before
    return found


def test_the_first_records_of_the_newest_file_are_told_as_they_would_be_counted(write, tmp_path):
    os.utime(write("old.jsonl", access(1)), (1, 1))
    write("new.jsonl", line(7, endpoint="/v1/chat/completions", cost=0.25, errors=1) + line(8, app="shop"))
    found = look(paths=str(tmp_path))
    assert found.problem == ""
    assert (found.format, found.why) == ("sundial", 'JSON lines with "ts" and "model"')
    assert found.place == str(tmp_path / "new.jsonl")
    assert (found.others, found.accepted, found.rejected, found.skipped, found.is_whole) == (1, 2, 0, 0, True)
    one, two = found.records
    assert one.at == datetime(2024, 1, 4, 9, tzinfo=UTC)
    assert (one.caller.consumer, one.platform, one.called_as) == ("search", "openai", "gpt-4")
    assert one.endpoint == "/v1/chat/completions"
    assert (one.calls, one.errors, one.input_tokens, one.output_tokens, one.cost) == (1, 1, 7, None, 0.25)
    assert two.caller.consumer == "shop"


def test_a_record_names_the_application_that_rules_would_give_it(write, tmp_path):
    ApplicationRule.objects.create(field="consumer", pattern="sea*", application=make_application("The finder"))
    make_application("Shop")
    write("a.jsonl", line(1, app="search") + line(2, app="SHOP") + line(3, app="stranger"))
    assert [record.application for record in look(paths=str(tmp_path)).records] == [
        PreviewApplication("The finder", is_new=False),
        PreviewApplication("Shop", is_new=False),
        PreviewApplication("stranger", is_new=True),
    ]


def test_the_platform_of_the_source_stands_in_where_a_line_does_not_tell(write, tmp_path):
    write("a.jsonl", b'{"ts": "2024-01-04T09:00:00Z", "model": "m"}\n')
    assert look(paths=str(tmp_path), platform="mistral").records[0].platform == "mistral"


def test_lines_that_would_not_count_are_told_with_place_reason_and_no_content(write, tmp_path):
    secret = json.dumps({"ts": "yesterday", "model": "gpt-4", "prompt": "my secret plan"}).encode()
    write("a.jsonl", line(1) + secret + b"\n" + line(2))
    found = look(paths=str(tmp_path))
    assert (found.accepted, found.rejected) == (2, 1)
    (reject,) = found.rejects
    assert (reject.line, reject.offset) == (2, len(line(1)))
    assert "the time is neither" in reject.reason
    assert "secret" not in str(found)


def test_little_of_a_long_file_is_read_and_that_is_told(write, tmp_path):
    write("long.jsonl", b"".join(line(n) for n in range(5000)))
    found = look(paths=str(tmp_path))
    assert not found.is_whole
    assert len(found.records) == SAMPLE_RECORDS
    assert SAMPLE_RECORDS < found.accepted < 5000
    assert found.rejected == 0


def test_one_endless_line_is_cut_short(write, tmp_path):
    write("endless.jsonl", b'{"ts": "' + b"x" * (20 << 20))
    assert "complete line" in look(paths=str(tmp_path), format="sundial").problem


def test_compressed_files_are_looked_into(write, tmp_path):
    write("a.jsonl.gz", gzip.compress(line(1) + line(2)))
    assert look(paths=str(tmp_path)).accepted == 2


def test_a_damaged_file_is_a_problem_in_words(write, tmp_path):
    write("a.jsonl.gz", gzip.compress(b"".join(line(n) for n in range(3000)))[:30] + b"\0" * 500)
    assert "damaged" in look(paths=str(tmp_path)).problem


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_of_a_format_shows_its_records(sample: Path, settings):
    settings.SUNDIAL_WATCH_ROOTS = [GOLDEN]
    found = look(paths=str(sample), now=datetime(2027, 1, 1, tzinfo=UTC))
    assert found.problem == ""
    assert found.accepted > 0
    assert 0 < len(found.records) <= SAMPLE_RECORDS


@pytest.mark.parametrize(
    ("paths", "problem"),
    [
        ("{tmp}/nothing-*.log", "No file matches these paths"),
        ("{tmp}/missing.log", "does not exist"),
        ("/etc/passwd", "outside the folders that may be read"),
    ],
)
def test_paths_that_lead_to_nothing_say_so(tmp_path, paths, problem):
    found = look(paths=paths.format(tmp=tmp_path))
    assert problem in found.problem
    assert found.advice


def test_a_link_out_of_the_allowed_folders_is_not_followed(tmp_path):
    (tmp_path / "out.log").symlink_to("/etc/passwd")
    found = look(paths=str(tmp_path))
    assert "outside" in found.problem
    assert "root:" not in str(found)


def test_an_empty_file_is_told_from_no_file(write, tmp_path):
    write("a.jsonl", b"")
    assert "empty" in look(paths=str(tmp_path)).problem


def test_a_format_that_cannot_be_told_asks_for_a_choice(write, tmp_path):
    write("a.txt", b"dear diary\nnothing happened\n")
    found = look(paths=str(tmp_path))
    assert "could not be told" in found.problem
    assert "Choose the format" in found.advice


def test_a_csv_with_translated_columns_is_looked_into(write, tmp_path):
    write("a.csv", b"when,what,who,calls\n2024-01-04,gpt-4,shop,5\n2024-01-05,gpt-4,shop,none\n")
    config = {"columns": {"when": "ts", "what": "model", "who": "application"}}
    found = look(paths=str(tmp_path), format="csv", config=config)
    assert [(one.caller.consumer, one.calls) for one in found.records] == [("shop", 5)]
    assert (found.accepted, found.rejected) == (1, 1)


# Databases ----------------------------------------------------------------------------------------------------

COLUMNS = {"time": "at", "application": "app", "model": "model"}


@pytest.fixture
def table(tmp_path, monkeypatch):
    path = tmp_path / "gateway.sqlite3"
    monkeypatch.setenv("USAGE_DB", f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE log (at DATETIME, app TEXT, model TEXT)")
    yield connection
    connection.close()


def test_a_database_shows_its_newest_hour(table):
    rows = [("2023-06-01 08:10:00", "old", "m"), *(("2023-11-03 08:50:00", f"app-{n}", "m") for n in range(30))]
    table.executemany("INSERT INTO log VALUES (?, ?, ?)", rows)
    table.commit()
    found = look("sql", config={"url": "env:USAGE_DB", "table": "log", "columns": COLUMNS})
    assert found.problem == ""
    assert (found.place, len(found.records)) == ("log", SAMPLE_RECORDS)
    assert {record.at for record in found.records} == {datetime(2023, 11, 3, 8, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"table": "log", "columns": COLUMNS}, "has no rows"),
        ({"table": "nope", "columns": COLUMNS}, "There is no table nope"),
        ({"table": "log", "columns": COLUMNS | {"team": "squad"}}, "no column squad"),
        ({"url": "env:NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ({"url": "postgresql://u:hunter2@db/x"}, "Secrets are named"),
    ],
)
def test_a_database_that_cannot_be_read_says_why(table, config, problem):
    found = look("sql", config={"url": "env:USAGE_DB", **config})
    assert problem in found.problem
    assert "hunter2" not in str(found)


def test_a_database_that_is_not_there_says_so_without_its_password(monkeypatch):
    monkeypatch.setenv("USAGE_DB", "postgresql://reader:hunter2@127.0.0.1:1/x?connect_timeout=2")
    found = look("sql", config={"url": "env:USAGE_DB", "preset": "litellm-spendlogs"})
    assert "The database answers" in found.problem
    assert found.advice
    assert "hunter2" not in str(found)


@given(buckets=st.sets(st.integers(0, 400), max_size=6), step=st.sampled_from([3600, 86400]))
def test_the_newest_bucket_is_found_in_few_questions(buckets, step):
    asked = []

    def is_any(begin: int, end: int) -> bool:
        asked.append((begin, end))
        assert begin % step == end % step == 0
        assert begin < end
        return any(begin <= bucket * step < end for bucket in buckets)

    found = newest_bucket(is_any, 401 * step, step, 0)
    assert found == ((max(buckets) * step, (max(buckets) + 1) * step) if buckets else None)
    assert len(asked) <= 20


# Usage APIs ---------------------------------------------------------------------------------------------------


class Provider:
    """A server that answers as OpenAI does; what it was asked, with the header of the key."""

    def __init__(self) -> None:
        self.code, self.body, self.address = 200, b"", ""
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.asked: list[tuple[str, str]] = []

    def days(self, *numbers: int) -> None:
        """One call more on every day."""
        start = int(datetime(2024, 1, 29, tzinfo=UTC).timestamp())
        data = [
            {
                "start_time": start + n * 86400,
                "end_time": start + (n + 1) * 86400,
                "results": [{"num_model_requests": calls, "project_id": "shop", "model": "gpt-4"}],
            }
            for n, calls in enumerate(numbers)
        ]
        self.body = json.dumps({"data": data, "has_more": True, "next_page": "two"}).encode()


@pytest.fixture
def provider(monkeypatch) -> Iterator[Provider]:
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.path, self.headers["Authorization"]))
            self.send_response(told.code)
            self.send_header("Content-Length", str(len(told.body)))
            self.end_headers()
            told.goes_on.wait(10)
            self.wfile.write(told.body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-hunter2")
    told.address = f"http://127.0.0.1:{server.server_port}"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def look_at(provider: Provider) -> Preview:
    return look("http", config={"provider": "openai", "url": provider.address, "key": "env:OPENAI_ADMIN_KEY"})


def test_of_a_usage_api_one_page_of_recent_days_is_shown_newest_first(provider):
    provider.days(5, 7, 9)
    found = look_at(provider)
    assert found.problem == ""
    assert [(f"{one.at:%m-%d}", one.calls, one.seconds) for one in found.records] == [
        ("01-31", 9, 86400),
        ("01-30", 7, 86400),
        ("01-29", 5, 86400),
    ]
    assert not found.is_whole
    ((path, key),) = provider.asked
    assert "/usage/completions" in path
    assert key == "Bearer sk-admin-hunter2"


@pytest.mark.parametrize(
    ("code", "body", "problem"),
    [
        (401, b"{}", "not an admin key"),
        (500, b"", "answers 500"),
        (200, b"<html>", "not JSON"),
        (200, b"{}", "no list of data"),
    ],
)
def test_an_api_that_refuses_is_asked_once_and_its_answer_told(provider, code, body, problem):
    provider.code, provider.body = code, body
    found = look_at(provider)
    assert problem in found.problem
    assert len(provider.asked) == 1
    assert "hunter2" not in str(found)


def test_an_answer_that_never_ends_is_given_up_on(provider, monkeypatch):
    monkeypatch.setattr(preview_module, "SECONDS", 0.2)
    provider.days(5)
    provider.goes_on.clear()
    found = look_at(provider)
    provider.goes_on.set()
    assert "no answer within" in found.problem
    assert found.advice


# Object stores ------------------------------------------------------------------------------------------------


@pytest.fixture
def bucket(monkeypatch) -> Iterator:
    monkeypatch.setenv("S3_KEY", "reader")
    monkeypatch.setenv("S3_SECRET", "hunter2")
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="reader",
        aws_secret_access_key="hunter2",
    )
    client.create_bucket(Bucket="logs")
    yield client
    client.close()
    server.stop()


def look_into(client, format_name: str = "auto", **config) -> Preview:
    given = {
        "bucket": "logs",
        "endpoint_url": client.meta.endpoint_url,
        "access_key": "env:S3_KEY",
        "secret_key": "env:S3_SECRET",
        "since": "2024-01-01",
    }
    return look("s3", format=format_name, config=given | config)


def test_of_an_object_store_the_newest_object_is_shown(bucket):
    bucket.put_object(Bucket="logs", Key="gateway/2024-01-04/a.jsonl", Body=line(1) + line(2, app="shop"))
    found = look_into(bucket, prefix="gateway/")
    assert found.problem == ""
    assert found.place == "s3://logs/gateway/2024-01-04/a.jsonl"
    assert [one.caller.consumer for one in found.records] == ["search", "shop"]
    assert (found.accepted, found.is_whole) == (2, True)


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"bucket": "nope"}, "no such bucket"),
        ({"prefix": "elsewhere/"}, "no object under this prefix"),
        ({"access_key": "env:NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ({"endpoint_url": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_an_object_store_that_cannot_be_read_says_why(bucket, config, problem):
    found = look_into(bucket, **config)
    assert problem in found.problem
    assert "hunter2" not in str(found)


def test_a_parquet_object_is_looked_into_as_a_whole(bucket, tmp_path, monkeypatch):
    """Where its rows lie is told at its end."""
    rows, path = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    rows.write_bytes(b"".join(line(n) for n in range(200)))
    duckdb.sql(f"COPY (FROM read_json('{rows}')) TO '{path}' (FORMAT parquet)")
    bucket.put_object(Bucket="logs", Key="lake/2024-01-04/a.parquet", Body=path.read_bytes())
    monkeypatch.setattr(s3_preview, "MAX_LINE", 1000)
    found = look_into(bucket, prefix="lake/")
    assert (found.format, len(found.records), found.records[7].input_tokens) == ("sundial", SAMPLE_RECORDS, 7)
    monkeypatch.setattr(s3_preview, "MAX_WHOLE_BYTES", 1 << 10)
    assert "too long for a test" in look_into(bucket, prefix="lake/").problem
