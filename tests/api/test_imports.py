"""Files that are pushed: counted once, answered as the command answers, refused in words."""

import gzip
import threading
from pathlib import Path
from unittest import mock

import duckdb
import pytest
import zstandard
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client, RequestFactory

from dashboard.access.models import ApiToken
from dashboard.api import imports, uploads
from dashboard.usage.connectors.push import upload
from dashboard.usage.ingest.errors import InputBusyError, InputError
from dashboard.usage.ingest.pipeline import Session
from dashboard.usage.models import LatestCall, RejectedLine, Source, Stream
from tests.api.conftest import with_token
from tests.factories import NOW
from tests.usage.conftest import access, calls, line, make_source
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db

IMPORT = "/api/v1/usage/import"
CALLS = b"".join(line(n) for n in range(50))
OCTETS = "application/octet-stream"


@pytest.fixture
def pusher(db) -> Client:
    return with_token("ingest")


@pytest.fixture
def gateway(db) -> Source:
    return make_source("gateway", kind="push", name="Gateway")


def push(client: Client, body: bytes, query: str = "source=gateway", **headers):
    return client.post(f"{IMPORT}?{query}", body, content_type=OCTETS, headers=headers)


def told(response) -> tuple[int, int, int]:
    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["records"] == answer["accepted"] + answer["rejected"] + answer["duplicates"]
    return answer["accepted"], answer["rejected"], answer["duplicates"]


def refused(response, status: int) -> str:
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    return response.json()["detail"]


def left_behind() -> list[Path]:
    return list((django_settings.VAR / "run" / "objects").glob("*"))


# What is counted ---------------------------------------------------------------------------------------------


def test_the_answer_is_that_of_the_command(pusher, gateway):
    response = push(pusher, CALLS)
    answer = response.json()
    assert list(answer) == ["files", "records", "accepted", "rejected", "duplicates", "bytes", "seconds"]
    assert answer | {"seconds": 0} == {
        "files": 1, "records": 50, "accepted": 50, "rejected": 0, "duplicates": 0, "bytes": len(CALLS),
        "seconds": 0,
    }  # fmt: skip
    assert calls(gateway) == 50
    assert left_behind() == []


@pytest.mark.parametrize("ids", [True, False])
def test_the_same_bytes_again_are_duplicates_however_they_are_packed(pusher, gateway, ids):
    body = CALLS if ids else b"".join(access(n) for n in range(50))
    assert told(push(pusher, body)) == (50, 0, 0)
    assert told(push(pusher, body)) == (0, 0, 50)
    assert told(push(pusher, gzip.compress(body))) == (0, 0, 50)
    assert told(push(pusher, gzip.compress(body), **{"Content-Encoding": "gzip"})) == (0, 0, 50)
    assert told(push(pusher, zstandard.compress(body))) == (0, 0, 50)
    assert told(push(pusher, body + body[: body.find(b"\n") + 1].replace(b"call-0", b"call-99"))) == (1, 0, 50)
    assert calls(gateway) == 51


def test_parquet_is_a_body_like_any_other(pusher, gateway, tmp_path):
    rows, path = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    rows.write_bytes(CALLS)
    duckdb.sql(f"COPY (FROM read_json('{rows}')) TO '{path}' (FORMAT parquet)")
    assert told(push(pusher, path.read_bytes())) == (50, 0, 0)
    assert told(push(pusher, CALLS)) == (0, 0, 50)
    assert "without its end" in refused(push(pusher, path.read_bytes()[:-9]), 422)
    assert "not encoded" in refused(push(pusher, path.read_bytes(), **{"Content-Encoding": "gzip"}), 400)


def test_a_body_without_a_last_newline_counts_whole(pusher, gateway):
    assert told(push(pusher, CALLS[:-1])) == (50, 0, 0)
    assert told(push(pusher, CALLS)) == (0, 0, 50)


def test_what_was_pushed_is_remembered_by_who_sent_it_and_when(pusher, gateway):
    push(pusher, CALLS + b'{"ts": "2024-01-04T09:00:00Z", "model": 7}\n')
    stream = Stream.objects.get()
    assert (stream.device, stream.inode, stream.accepted, stream.rejected) == (0, 0, 50, 1)
    assert stream.path.endswith(" a ingest")
    assert {RejectedLine.objects.get().path, LatestCall.objects.get().path} == {stream.path}


@pytest.mark.parametrize("format_name", ["", "auto", "sundial"])
def test_the_format_is_the_one_that_is_named_or_the_sources_own(pusher, format_name):
    source = make_source("gateway", kind="push", format="sundial")
    query = "source=gateway" + (f"&format={format_name}" if format_name else "")
    assert told(push(pusher, CALLS, query)) == (50, 0, 0)
    assert Stream.objects.get(source=source).format == "sundial"


def test_a_delivery_is_the_sources_health(pusher, gateway):
    push(pusher, CALLS)
    gateway.refresh_from_db()
    assert (gateway.polled_at is not None, gateway.problem) == (True, "")
    push(pusher, b"hello")
    gateway.refresh_from_db()
    assert "in no format that could be told" in gateway.problem
    push(pusher, CALLS)
    gateway.refresh_from_db()
    assert gateway.problem == ""


def test_findings_follow_only_when_something_counted(pusher, gateway, monkeypatch):
    asked = mock.Mock()
    monkeypatch.setattr(imports, "enqueue_scan", asked)
    push(pusher, CALLS)
    push(pusher, CALLS)
    assert asked.call_count == 1


def test_an_import_source_takes_files_too_by_any_spelling_of_its_name(pusher):
    make_source("by-hand", kind="import", name="By hand")
    assert told(push(pusher, CALLS, "source=By%20hand")) == (50, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_that_send_the_same_at_once_count_once(gateway):
    pushers = [with_token("ingest"), with_token("editor")]
    answers: list = []
    barrier = threading.Barrier(2)
    body = b"".join(access(n) for n in range(3000))

    def send(client: Client) -> None:
        try:
            barrier.wait()
            answers.append(push(client, body).json())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[client]) for client in pushers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((one["accepted"], one["duplicates"]) for one in answers) == [(0, 3000), (3000, 0)]
    assert calls(gateway) == 3000
    assert Stream.objects.filter(inode__gt=0).count() == 0


# What is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["ingest", "editor"])
def test_tokens_that_may_push_do(role, gateway):
    assert told(push(with_token(role), CALLS)) == (50, 0, 0)


def test_others_may_not(gateway):
    assert "viewer" in refused(push(with_token("viewer"), CALLS), 403)
    assert "not known" in refused(push(Client(headers={"Authorization": "Bearer nope"}), CALLS), 401)
    assert refused(push(Client(), CALLS), 401)
    assert calls(gateway) == 0


def test_a_session_is_no_token_so_no_form_elsewhere_can_push(gateway):
    browser = signed_in("editor")
    assert refused(push(browser, CALLS), 401)


def test_a_token_needs_no_form_protection(gateway):
    token = ApiToken.issue("ci", "ingest", NOW)
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
    assert told(push(client, CALLS)) == (50, 0, 0)


def test_a_source_must_exist_and_take_what_is_pushed(pusher):
    assert "Add one of the kind push" in refused(push(pusher, CALLS, "source=nowhere"), 404)
    assert "no source 'nowhere'" in refused(push(pusher, CALLS, "source=now%00here"), 404)
    assert "Name the source" in refused(push(pusher, CALLS, ""), 400)
    make_source("files", kind="watch")
    assert "kind watch" in refused(push(pusher, CALLS, "source=files"), 409)
    assert Source.objects.count() == 1


def test_a_paused_source_takes_nothing_until_it_is_resumed(pusher, gateway):
    Source.objects.update(paused=True)
    assert "paused" in refused(push(pusher, CALLS), 409)
    Source.objects.update(paused=False)
    assert told(push(pusher, CALLS)) == (50, 0, 0)


def test_unknown_formats_and_parameters_are_told(pusher, gateway):
    response = push(pusher, CALLS, "source=gateway&format=jsonl")
    assert "one of auto, sundial," in refused(response, 400)
    assert response.json()["parameter"] == "format"
    assert "sorce" in refused(push(pusher, CALLS, "sorce=gateway"), 400)


def test_what_cannot_be_told_is_unprocessable_with_the_reason(pusher, gateway):
    assert "1 lines of text" in refused(push(pusher, b"hello"), 422)
    assert "binary data" in refused(push(pusher, bytes(100)), 422)
    assert "The body is empty" in refused(push(pusher, b""), 400)


@pytest.mark.parametrize("size", [12, 200, -1])
def test_a_cut_off_body_is_told_and_counts_once_when_it_comes_whole(pusher, gateway, size):
    body = b"".join(access(n) for n in range(5000))
    packed = gzip.compress(body)
    assert "cut off" in refused(push(pusher, packed[:size]), 422)
    accepted, _, known = told(push(pusher, packed))
    assert accepted + known == calls(gateway) == 5000


def test_a_damaged_body_is_told(pusher, gateway):
    packed = bytearray(gzip.compress(b"".join(line(n, note=str(hash(n))) for n in range(5000))))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    assert "damaged" in refused(push(pusher, bytes(packed)), 422)
    assert calls(gateway) < 5000


def test_a_body_is_bounded(pusher, gateway, settings):
    settings.SUNDIAL_PUSH_MAX_BYTES = 1000
    response = push(pusher, CALLS)
    assert "larger than 1000 bytes" in refused(response, 413)
    assert response.json()["limit"] == 1000
    assert told(push(pusher, CALLS[: CALLS.find(b"\n") + 1])) == (1, 0, 0)
    assert left_behind() == []


def test_an_encoding_is_one_of_ours_and_true(pusher, gateway):
    assert "gzip or zstd" in refused(push(pusher, CALLS, **{"Content-Encoding": "br"}), 415)
    assert "not encoded" in refused(push(pusher, CALLS, **{"Content-Encoding": "gzip"}), 400)


def test_a_full_disk_is_told_before_anything_is_written(pusher, gateway, monkeypatch):
    monkeypatch.setattr(uploads, "disk_usage", lambda _path: mock.Mock(free=1000))
    assert "no room" in refused(push(pusher, CALLS), 507)
    assert left_behind() == []


def test_a_busy_database_asks_to_send_it_again(pusher, gateway, monkeypatch):
    monkeypatch.setattr(upload.Session, "import_file", mock.Mock(side_effect=upload.OperationalError("locked")))
    response = push(pusher, CALLS)
    assert "send it again" in refused(response, 503)
    assert int(response["Retry-After"]) > 0


def test_only_post_is_possible(pusher, gateway):
    response = pusher.get(IMPORT)
    assert refused(response, 405)
    assert response["Allow"] == "POST"


# How a body is taken -----------------------------------------------------------------------------------------


class Slow:
    """A body that comes in small pieces and may end early."""

    def __init__(self, data: bytes, *, breaks: bool = False) -> None:
        self.data, self.breaks = data, breaks

    def read(self, size: int = -1) -> bytes:
        if not self.data and self.breaks:
            raise OSError("gone")
        piece, self.data = self.data[:7], self.data[7:]
        return piece

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def request(body: Slow, **meta):
    return RequestFactory().generic("POST", IMPORT, **{"wsgi.input": body, **meta})


def test_a_body_that_ends_early_is_no_file(tmp_path):
    made = request(Slow(b"x" * 50), CONTENT_LENGTH="100")
    with pytest.raises(uploads.ApiError, match="ended after 50 of 100 bytes"):
        uploads.save_body(made, tmp_path / "body", 1000)


@pytest.mark.parametrize(("size", "status"), [(50, 0), (5000, 413)])
def test_a_body_in_chunks_is_taken_up_to_the_bound(tmp_path, size, status):
    made = request(Slow(b"x" * size))
    made.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    if status:
        with pytest.raises(uploads.ApiError) as caught:
            uploads.save_body(made, tmp_path / "body", 1000)
        assert caught.value.status == status
        return
    assert uploads.save_body(made, tmp_path / "body", 1000) == size
    assert (tmp_path / "body").read_bytes() == b"x" * size


def test_a_server_that_cannot_tell_where_chunks_end_says_so(tmp_path):
    made = request(Slow(b"x"))
    made.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    with pytest.raises(uploads.ApiError, match="send its length"):
        uploads.save_body(made, tmp_path / "body", 1000)


def test_a_sender_that_goes_away_is_no_file(tmp_path):
    made = request(Slow(b"x" * 50, breaks=True))
    made.META |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    with pytest.raises(uploads.ApiError, match="could not be read to its end"):
        uploads.read_body(made, 1000)


@pytest.mark.parametrize(("error", "status"), [(InputBusyError, 503), (InputError, 422)])
def test_the_kind_of_error_and_not_its_wording_says_whether_to_send_again(
    pusher, gateway, monkeypatch, error, status
):
    def fail(self, path, format_name, progress=None):
        raise error(path, "any words, try again")

    monkeypatch.setattr(Session, "import_file", fail)
    refused(push(pusher, b"{}\n", "source=gateway&format=sundial"), status)
