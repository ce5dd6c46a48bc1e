"""The HTTP client against a real server on this host: limits, redirects, retries, compression and proxies."""

import gzip
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dashboard.core.http.client import Client
from dashboard.core.http.limits import AddressError, Limits, RefusedError, TooLargeError, TryAgainError
from tests.catalog.feeds.server import Server, say, serving

LIMITS = Limits(connect=1, read=1, total=5, size=200_000, pause=0.01, longest_pause=0.05)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def get(server: Server, **limits):
    return Client(headers={"X-Plain": "1"}, secret={"X-Key": "s3cret"}, limits=replace(LIMITS, **limits)).get(
        server.url
    )


def test_an_answer_has_its_content_and_headers(server):
    server.answer = lambda handler: say(handler, 200, b"{}", Content_Type="Application/JSON; charset=utf-8")
    response = get(server)
    assert (response.status, response.content, response.content_type) == (200, b"{}", "application/json")
    assert response.headers["content-length"] == "2"
    (request,) = server.requests
    assert (request["X-Plain"], request["X-Key"]) == ("1", "s3cret")
    assert request["User-Agent"].startswith("Sundial/")


# Size and compression ---------------------------------------------------------------------------------------


def test_a_compressed_answer_is_decompressed(server):
    body = b"a" * 150_000
    server.answer = lambda handler: say(handler, 200, gzip.compress(body), Content_Encoding="gzip")
    assert get(server).content == body


def test_the_size_limit_holds_after_decompression(server):
    bomb = gzip.compress(bytes(50 << 20))
    server.answer = lambda handler: say(handler, 200, bomb, Content_Encoding="gzip")
    with pytest.raises(TooLargeError):
        get(server)
    assert len(server.requests) == 1


def test_a_compressed_answer_that_ends_early_is_no_answer(server):
    half = gzip.compress(bytes(range(256)) * 40)[:-20]
    server.answer = lambda handler: say(handler, 200, half, Content_Encoding="gzip")
    with pytest.raises(TryAgainError, match="broke off"):
        get(server)


@pytest.mark.parametrize(
    ("encoding", "says"), [("gzip", "not gzip"), ("br", "'br'"), ("gzip, gzip", "gzip, gzip")]
)
def test_an_encoding_that_is_false_or_was_not_asked_for_is_refused(server, encoding, says):
    server.answer = lambda handler: say(handler, 200, b"plain", Content_Encoding=encoding)
    with pytest.raises(RefusedError, match=says):
        get(server)
    assert len(server.requests) == 1


# Redirects --------------------------------------------------------------------------------------------------


def test_no_redirect_is_followed_unless_allowed(server):
    server.answer = lambda handler: say(handler, 302, Location="/elsewhere")
    with pytest.raises(RefusedError) as caught:
        get(server)
    assert caught.value.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("target", ["ftp://example.com/", "http://example.com/", "https://[/", "//example.com:0/"])
def test_a_redirect_leads_to_https_only(server, target):
    server.answer = lambda handler: say(handler, 302, Location=target)
    with pytest.raises(AddressError, match="only https"):
        get(server, redirects=3)


# Retries ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["0", "3600", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-1", "9" * 400])
def test_a_retry_waits_no_longer_than_the_longest_pause(server, after):
    server.answer = lambda handler: say(handler, 503 if len(server.requests) < 3 else 200, Retry_After=after)
    assert get(server).status == 200


def test_a_wait_beyond_the_budget_is_not_begun(server):
    server.answer = lambda handler: say(handler, 429, Retry_After="3600")
    with pytest.raises(TryAgainError) as caught:
        get(server, longest_pause=float("inf"), waiting=60)
    assert (caught.value.status, caught.value.tries, len(server.requests)) == (429, 1, 1)


def test_the_budget_is_one_for_all_requests_of_a_client(server):
    server.answer = lambda handler: say(handler, 503)
    client = Client(limits=replace(LIMITS, tries=3, pause=0.01, waiting=0.031))
    for requests in (3, 4):
        with pytest.raises(TryAgainError):
            client.get(server.url)
        assert len(server.requests) == requests


# Proxies ----------------------------------------------------------------------------------------------------


@pytest.fixture
def proxy(server, monkeypatch) -> Server:
    """The same server, named as the proxy for everything; it is asked and refuses."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://me:p%40ss@127.0.0.1:{server.http.server_port}")
    asked: list[tuple[str, str]] = []

    def connect(handler):
        asked.append((handler.path, handler.headers.get("Proxy-Authorization", "")))
        say(handler, 403)

    server.http.RequestHandlerClass.do_CONNECT = connect  # type: ignore[attr-defined]
    server.asked = asked  # type: ignore[attr-defined]
    return server


def test_plain_http_on_this_host_goes_to_no_proxy(proxy):
    assert get(proxy).status == 200
    assert [request["path"] for request in proxy.requests] == ["/feed.json"]


def test_https_goes_through_the_proxy_with_its_login_and_without_our_key(proxy):
    with pytest.raises(TryAgainError):
        Client(secret={"X-Key": "s3cret"}, limits=replace(LIMITS, tries=1)).get("https://feeds.example.com/a")
    assert proxy.asked == [("feeds.example.com:443", "Basic bWU6cEBzcw==")]


def test_no_proxy_is_heeded(proxy, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    closed = f"https://127.0.0.1:{proxy.http.server_port}/"  # speaks no TLS
    with pytest.raises(TryAgainError):
        Client(limits=replace(LIMITS, tries=1)).get(closed)
    assert proxy.asked == []


# Start-up ---------------------------------------------------------------------------------------------------


def test_urllib3_is_loaded_with_the_first_request_only():
    code = (
        "import sys, dashboard.core.http.client, dashboard.catalog.feeds.download\n"
        "print([name for name in sys.modules if name.partition('.')[0] == 'urllib3'])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
