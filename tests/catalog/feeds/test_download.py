"""Reading feeds from a real server on this host that answers well, badly, slowly, endlessly or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.catalog.feeds.base import FeedError
from dashboard.catalog.feeds.download import fetch, read_file
from tests.catalog.feeds.server import QUICK, Server, say, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def test_a_copy_comes_with_its_etag_and_is_not_sent_twice(server):
    def answer(handler):
        if handler.headers.get("If-None-Match") == '"1"':
            return say(handler, 304, ETag='"1"')
        return say(handler, 200, b'{"a": 1}', ETag='"1"', Content_Type="text/plain")

    server.answer = answer
    copy = fetch(server.url, limits=QUICK)
    assert (copy.content, copy.etag) == (b'{"a": 1}', '"1"')
    assert fetch(server.url, etag=copy.etag, limits=QUICK).content is None


def test_the_key_goes_along_and_the_query_too(server):
    fetch(f"{server.url}?api-version=1", secret="s3cret", limits=QUICK)
    assert server.requests[0]["Authorization"] == "Bearer s3cret"
    assert server.requests[0]["path"] == "/feed.json?api-version=1"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(server, status):
    def answer(handler):
        say(handler, status if len(server.requests) < 3 else 200, b"{}", Retry_After="60")

    server.answer = answer
    assert fetch(server.url, limits=QUICK).content == b"{}"
    assert len(server.requests) == 3


def test_what_does_not_pass_is_told_with_the_number_of_tries(server):
    server.answer = lambda handler: say(handler, 500)
    with pytest.raises(FeedError, match="answers 500 Internal Server Error, 3 times"):
        fetch(server.url, limits=QUICK)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "the key is missing, wrong or not allowed"), (404, "404 Not Found"), (204, "204")]
)
def test_what_will_not_pass_is_not_tried_again(server, status, reason):
    server.answer = lambda handler: say(handler, status)
    with pytest.raises(FeedError, match=reason):
        fetch(server.url, limits=QUICK)
    assert len(server.requests) == 1


def test_a_web_page_is_refused(server):
    server.answer = lambda handler: say(handler, 200, b"<html>", Content_Type="text/html; charset=utf-8")
    with pytest.raises(FeedError, match="a web page"):
        fetch(server.url, limits=QUICK)


def test_an_endless_answer_ends_at_the_limit(server):
    sent = []

    def answer(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.stop.is_set():
            handler.wfile.write(b"[" * 10_000)
            sent.append(10_000)

    server.answer = answer
    with pytest.raises(FeedError, match="larger than"):
        fetch(server.url, limits=QUICK)
    assert len(server.requests) == 1


def test_an_answer_that_promises_too_much_is_not_read(server):
    server.answer = lambda handler: say(handler, 200, b"", Content_Length=str(2 * 1024**3))
    with pytest.raises(FeedError, match="larger than"):
        fetch(server.url, limits=QUICK)


def test_a_server_that_hangs_is_given_up(server):
    server.answer = lambda handler: server.stop.wait(5)
    with pytest.raises(FeedError, match="no answer in time, 3 times"):
        fetch(server.url, limits=QUICK)


@pytest.mark.parametrize("headers_first", [True, False])
def test_a_trickling_answer_is_cut_off(server, headers_first):
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if headers_first:
            handler.wfile.write(b"\r\n")
        while not server.stop.wait(0.05):
            handler.wfile.write(b" " if headers_first else b"X-Slow: 1\r\n")
            handler.wfile.flush()

    server.answer = answer
    with pytest.raises(FeedError, match=r"took longer than 1\.2 seconds"):
        fetch(server.url, limits=QUICK)
    assert len(server.requests) == 1


def test_a_broken_off_answer_is_no_answer(server):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"a": 1}')

    server.answer = answer
    with pytest.raises(FeedError, match="the connection broke off, 3 times"):
        fetch(server.url, limits=QUICK)


def test_nobody_there(server):
    server.http.server_close()
    with pytest.raises(FeedError, match="refuses connections, 3 times"):
        fetch(server.url, limits=QUICK)
    server.http.socket.close()


def test_redirects_are_followed_a_few_times(server):
    def answer(handler):
        if handler.path == "/feed.json":
            return say(handler, 302, Location="/moved.json")
        if handler.path == "/moved.json":
            return say(handler, 301, Location=server.url.replace("feed", "last"))
        return say(handler, 200, b"[]")

    server.answer = answer
    assert fetch(server.url, secret="k", limits=QUICK).content == b"[]"
    assert all(request["Authorization"] == "Bearer k" for request in server.requests)


def test_redirects_in_a_circle_end(server):
    server.answer = lambda handler: say(handler, 302, Location="/feed.json")
    with pytest.raises(FeedError, match="redirects more than 2 times"):
        fetch(server.url, limits=QUICK)


def test_a_redirect_into_the_own_network_is_not_followed_and_gets_no_key(server, settings):
    """`localhost` is another host than the one that was configured, and not a public one."""
    settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS = []
    port = server.http.server_port
    server.answer = lambda handler: say(handler, 302, Location=f"http://localhost:{port}/inside")
    with pytest.raises(FeedError, match="redirects to localhost, which is not a public host"):
        fetch(server.url, secret="k", limits=QUICK)
    assert [request["path"] for request in server.requests] == ["/feed.json"]


@pytest.mark.parametrize(
    "url",
    ["http://example.com/feed", "ftp://example.com/feed", "file:///etc/passwd", "https://", "https://[x/", "feed"],
)
def test_only_https_is_read(url):
    with pytest.raises(FeedError, match="only https"):
        fetch(url, limits=QUICK)


def test_a_saved_copy_has_a_size_too(tmp_path: Path):
    path = tmp_path / "copy.json"
    path.write_bytes(b"x" * 300_000)
    with pytest.raises(FeedError, match="larger than"):
        read_file(path, QUICK)
    with pytest.raises(FeedError, match="No such file"):
        read_file(tmp_path / "none.json", QUICK)
