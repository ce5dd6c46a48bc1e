"""OTLP over HTTP: what exporters send counts once, and they are told as their protocol says."""

import gzip
import json
import threading
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboard.api import otlp
from dashboard.usage.connectors.push import otlp_batches
from dashboard.usage.ingest.dedup import KnownHashes
from dashboard.usage.models import AggregateRow, LatestCall, RejectedLine, Source, Stream
from tests.api.conftest import with_token
from tests.usage.conftest import GOLDEN, calls, make_source, totals
from tests.usage.fakes.otlp_wire import encoded
from tests.web.conftest import signed_in

pytestmark = pytest.mark.django_db

AT = 1_701_770_400 * 10**9
JSON, PROTOBUF = "application/json", "application/x-protobuf"


@pytest.fixture
def collector(db) -> Client:
    return with_token("ingest")


@pytest.fixture
def source(db) -> Source:
    return make_source("otlp", kind="push")


def pairs(**attributes: Any) -> list[dict[str, Any]]:
    return [
        {
            "key": key.replace("__", "."),
            "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v},
        }
        for key, v in attributes.items()
    ]


def span(number: int, **fields: Any) -> dict[str, Any]:
    told = {
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": "gpt-4",
        "gen_ai__provider__name": "openai",
    }
    return {
        "traceId": f"{number + 1:032x}", "spanId": f"{number + 1:016x}",
        "startTimeUnixNano": str(AT + number * 10**6),
        "attributes": pairs(**told, gen_ai__usage__input_tokens=number), **fields,
    }  # fmt: skip


def traces(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": pairs(service__name="shop")}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def send(client: Client, told: Any, signal: str = "traces", query: str = "", kind: str = JSON, **headers: str):
    body = told if isinstance(told, bytes) else json.dumps(told).encode() if kind == JSON else encoded(told)
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.compress(body)
    return client.post(f"/v1/{signal}{query}", body, content_type=kind, headers=headers)


def status(response, code: int) -> str:
    """The message of a google.rpc.Status in JSON."""
    assert (response.status_code, response["Content-Type"]) == (code, JSON)
    answer = response.json()
    assert isinstance(answer["code"], int)
    return answer["message"]


# What is counted ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_spans_count_and_the_answer_is_empty_in_the_same_encoding(collector, source, kind, encoding):
    response = send(collector, traces(*map(span, range(10))), kind=kind, **{"Content-Encoding": encoding})
    assert (response.status_code, response["Content-Type"]) == (200, kind)
    assert response.content == (b"{}" if kind == JSON else b"")
    assert calls(source) == 10
    [(_, (counted, taken))] = totals(source).items()
    assert (counted, taken) == (10, sum(range(10)))


def test_what_comes_again_counts_once_in_whichever_encoding(collector, source):
    request = traces(*map(span, range(10)))
    for kind in (JSON, PROTOBUF, JSON):
        assert send(collector, request, kind=kind).content in {b"{}", b""}
    send(collector, traces(span(9), span(10)))
    stream = Stream.objects.get()
    assert (stream.accepted, stream.duplicates, calls(source)) == (11, 21, 11)
    assert (stream.path, stream.format, stream.lines, stream.inode) == ("/v1/traces", "otlp-traces", 32, 0)


def test_the_golden_samples_count_as_they_do_from_files(collector, source):
    for signal in ("traces", "metrics"):
        for raw in (GOLDEN / f"otlp_{signal}.jsonl").read_bytes().splitlines():
            assert send(collector, raw, signal).status_code in {200, 400}
    by_signal = {stream.path: stream.accepted for stream in Stream.objects.all()}
    assert by_signal == {"/v1/traces": 7, "/v1/metrics": 8}


def test_running_totals_of_metrics_count_what_they_grew_by(collector, source):
    def metrics(count: int) -> dict[str, Any]:
        point = {"attributes": pairs(gen_ai__operation__name="chat", gen_ai__request__model="gpt-4"),
                 "startTimeUnixNano": str(AT), "timeUnixNano": str(AT + 10**9), "count": str(count)}  # fmt: skip
        histogram = {"aggregationTemporality": 2, "dataPoints": [point]}
        metric = {"name": "gen_ai.client.operation.duration", "histogram": histogram}
        return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}

    for kind, count in ((JSON, 3), (PROTOBUF, 3), (PROTOBUF, 5), (JSON, 4)):
        assert send(collector, metrics(count), "metrics", kind=kind).status_code == 200
    assert calls(source) == 5
    assert AggregateRow.objects.count() == 1


def test_logs_count_where_they_tell_a_call_and_are_skipped_else(collector, source):
    told = span(1)
    event = {
        "eventName": "gen_ai.client.inference.operation.details",
        "timeUnixNano": told.pop("startTimeUnixNano"),
        **told,
    }
    records = [event, {"timeUnixNano": str(AT), "body": {"stringValue": "what was said"}}]
    request = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    for kind in (JSON, PROTOBUF):
        assert send(collector, request, "logs", kind=kind).status_code == 200
    stream = Stream.objects.get(path="/v1/logs")
    assert (stream.accepted, stream.duplicates, stream.skipped, calls(source)) == (1, 1, 2, 1)


def test_evidence_names_the_door_and_the_request(collector, source):
    send(collector, traces(span(1)))
    latest = LatestCall.objects.get()
    assert (latest.path, latest.line) == ("/v1/traces", 0)
    assert latest.request_id == f"{2:032x} {2:016x}"


def test_nothing_to_count_writes_nothing(collector, source):
    with CaptureQueriesContext(connection) as asked:
        assert send(collector, {}).content == b"{}"
    assert not [one for one in asked.captured_queries if one["sql"].startswith(("INSERT", 'UPDATE "usage'))]
    assert Stream.objects.count() == 0


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_refused_spans_are_a_partial_success_and_the_others_count(collector, source, kind):
    response = send(collector, traces(span(1), span(2, startTimeUnixNano="1"), span(3, spanId="")), kind=kind)
    assert response.status_code == 200
    if kind == JSON:
        told = response.json()["partialSuccess"]
        assert told["rejectedSpans"] == "2"
        assert "before 2015" in told["errorMessage"]
        assert "no span id" in told["errorMessage"]
    else:
        # partial_success = 1 { rejected_spans = 1, error_message = 2 }
        assert response.content[:1] + response.content[2:5] == b"\x0a\x08\x02\x12"
        assert b"before 2015" in response.content
    assert calls(source) == 1
    assert RejectedLine.objects.filter(path="/v1/traces").count() == 2


def test_a_thousand_spans_are_one_transaction_of_few_queries(collector, source):
    send(collector, traces(span(1000)))
    few, many = traces(*map(span, range(2))), traces(*map(span, range(2, 1000)))
    counts = []
    for request in (few, many):
        with CaptureQueriesContext(connection) as asked:
            send(collector, request)
        counts.append(len(asked))
        begun = [one for one in asked.captured_queries if one["sql"].startswith(("BEGIN", "SAVEPOINT"))]
        assert len(begun) == 1
    assert counts[0] == counts[1] < 40
    assert calls(source) == 1001


@pytest.mark.django_db(transaction=True)
def test_collectors_that_send_the_same_at_once_count_once(source):
    clients = [with_token("ingest"), with_token("editor")]
    barrier = threading.Barrier(4)
    answers: list[int] = []

    def work(client: Client, first: int) -> None:
        try:
            barrier.wait()
            requests = [traces(*map(span, range(start, start + 30))) for start in range(first, first + 60, 20)]
            answers.extend(send(client, request).status_code for request in requests)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[clients[n % 2], n // 2 * 40]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 503}
    for start in (0, 20, 40, 60, 80):  # what was told to come again does
        send(clients[0], traces(*map(span, range(start, start + 30))))
    assert calls(source) == 110


def test_somebody_who_counted_an_id_meanwhile_makes_it_a_duplicate(collector, source, monkeypatch):
    once = iter([True])
    collides = KnownHashes.collides

    def meanwhile(self, new_hashes):
        if next(once, False):
            send(with_token("editor"), traces(span(1)))
        return collides(self, new_hashes)

    monkeypatch.setattr(KnownHashes, "collides", meanwhile)
    assert send(collector, traces(span(1), span(2))).status_code == 200
    assert calls(source) == 2


# Which source ------------------------------------------------------------------------------------------------


def test_without_a_name_it_is_the_only_push_source_or_the_one_called_otlp(collector):
    assert "Say which source" in status(send(collector, traces(span(1))), 404)
    edge = make_source("edge", kind="push")
    send(collector, traces(span(1)))
    assert calls(edge) == 1
    other = make_source("other", kind="push")
    assert "Say which source" in status(send(collector, traces(span(2))), 404)
    send(collector, traces(span(2)), query="?source=other")
    named = make_source("otlp", kind="push")
    send(collector, traces(span(3)))
    assert (calls(edge), calls(other), calls(named)) == (1, 1, 1)


def test_a_name_must_be_that_of_a_push_source(collector, source):
    make_source("files", kind="watch")
    make_source("hand", kind="import")
    assert "no source 'nowhere'" in status(send(collector, {}, query="?source=nowhere"), 404)
    for slug in ("files", "hand"):
        assert "push" in status(send(collector, {}, query=f"?source={slug}"), 409)


def test_a_paused_source_asks_to_keep_it_for_a_while(collector, source):
    Source.objects.update(paused=True)
    response = send(collector, traces(span(1)))
    assert "paused" in status(response, 503)
    assert int(response["Retry-After"]) > 0
    assert calls(source) == 0


# What is refused ---------------------------------------------------------------------------------------------


def test_only_tokens_that_may_push_do(source):
    response = send(Client(), {})
    assert status(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert status(send(Client(headers={"Authorization": "Bearer nope"}), {}), 401)
    assert "viewer" in status(send(with_token("viewer"), {}), 403)
    assert status(send(signed_in("editor"), {}), 401)
    assert send(with_token("editor"), {}).status_code == 200


def test_a_status_comes_in_the_encoding_of_the_request(source):
    response = send(Client(), b"x", kind=PROTOBUF)
    assert (response.status_code, response["Content-Type"]) == (401, PROTOBUF)
    assert response.content[:2] == b"\x08\x10"  # code = 16, UNAUTHENTICATED
    assert b"Send a token" in response.content


@pytest.mark.parametrize("signal", ["traces", "metrics", "logs"])
@pytest.mark.parametrize(
    ("kind", "body"), [(JSON, b'{"a'), (JSON, b"[]"), (PROTOBUF, b"\x0b"), (PROTOBUF, b"\x0a\x05a")]
)
def test_what_is_no_request_is_not_to_be_sent_again(collector, source, signal, kind, body):
    response = send(collector, body, signal, kind=kind)
    assert response.status_code == 400
    assert b"not a request of" in response.content
    assert Stream.objects.count() == 0


def test_types_and_encodings_are_those_of_the_protocol(collector, source):
    assert "Content-Type" in status(collector.post("/v1/traces", b"{}", content_type="text/plain"), 415)
    body = gzip.compress(json.dumps(traces(span(1))).encode())
    assert "Content-Encoding" in status(
        collector.post("/v1/traces", body, content_type=JSON, headers={"Content-Encoding": "br"}), 415
    )
    for broken in (body[:-9], b"{}"):
        response = collector.post("/v1/traces", broken, content_type=JSON, headers={"Content-Encoding": "gzip"})
        assert status(response, 400)
    assert calls(source) == 0


def test_a_request_is_bounded_as_it_comes_and_unpacked(collector, source, monkeypatch):
    monkeypatch.setattr(otlp, "MAX_BYTES", 1000)
    assert "larger than 1000 bytes" in status(send(collector, b" " * 1001 + b"{}"), 413)
    bomb = gzip.compress(b" " * 10_000_000)
    monkeypatch.setattr(otlp, "MAX_BYTES", 20_000)
    response = collector.post("/v1/traces", bomb, content_type=JSON, headers={"Content-Encoding": "gzip"})
    assert "more than 20000 bytes when it is unpacked" in status(response, 413)


def test_only_post_is_possible(collector, source):
    response = collector.get("/v1/traces")
    assert status(response, 405)
    assert response["Allow"] == "POST"


def test_a_busy_database_asks_to_send_it_again_and_a_mistake_of_ours_does_not(collector, source, monkeypatch):
    monkeypatch.setattr(
        otlp_batches.PushedBatch, "commit", mock.Mock(side_effect=OperationalError("database is locked"))
    )
    response = send(collector, traces(span(1)))
    assert "send it again" in status(response, 503)
    assert "Retry-After" in response
    monkeypatch.setattr(otlp_batches.PushedBatch, "commit", mock.Mock(side_effect=RuntimeError("secret words")))
    assert "secret" not in status(send(collector, traces(span(1))), 500)


def test_records_that_others_keep_counting_are_to_be_sent_again(collector, source, monkeypatch):
    monkeypatch.setattr(otlp_batches.PushedBatch, "commit", lambda _self, _batch: False)
    assert "send them again" in status(send(collector, traces(span(1))), 503)


def test_a_source_that_is_deleted_meanwhile_is_gone(collector, source, monkeypatch):
    commit = otlp_batches.PushedBatch.commit

    def late(self, batch):
        Source.objects.all().delete()
        return commit(self, batch)

    monkeypatch.setattr(otlp_batches.PushedBatch, "commit", late)
    assert "deleted meanwhile" in status(send(collector, traces(span(1))), 404)
