"""Addresses that editors choose lead into no private network."""

import socket

import pytest

from dashboard.core.http.addresses import PrivateAddressError, check_host, host_matches, is_public
from dashboard.core.http.client import Client
from dashboard.core.http.limits import AddressError, Limits
from tests.catalog.feeds.server import Server, serving

LIMITS = Limits(connect=1, read=1, total=5, tries=1)


@pytest.fixture(autouse=True)
def _no_exceptions(settings):
    settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS = []


@pytest.fixture
def server():
    with serving() as found:
        yield found


def public_client() -> Client:
    return Client(secret={"X-Key": "s3cret"}, limits=LIMITS, only_public=True)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1"),
        *("169.254.169.254", "168.63.129.16", "100.100.100.200", "224.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "ff02::1"),
    ],
)  # fmt: skip
def test_private_and_metadata_addresses_are_not_public_in_any_form(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "104.18.7.192", "2606:4700::6812:7c0", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::1]"])
def test_every_spelling_of_this_host_is_refused(host):
    with pytest.raises(PrivateAddressError, match="SUNDIAL_ALLOWED_PRIVATE_HOSTS"):
        check_host(host, 80)


@pytest.mark.parametrize(
    ("pattern", "host", "port", "expected"),
    [
        ("db.internal", "db.internal", 5432, True),
        ("db.internal", "DB.internal.", None, True),
        ("db.internal:5432", "db.internal", 5432, True),
        ("db.internal:5432", "db.internal", 5433, False),
        ("db.internal:5432", "db.internal", None, False),
        ("*.amazonaws.com", "s3.amazonaws.com", 443, True),
        ("*.amazonaws.com", "amazonaws.com", 443, False),
        ("*.amazonaws.com", "evilamazonaws.com", 443, False),
        ("api.openai.com", "api.openai.com.evil.example", 443, False),
        ("[::1]:80", "::1", 80, True),
        ("::1", "::1", 80, True),
    ],
)
def test_a_pattern_covers_its_host_and_no_other(pattern, host, port, expected):
    assert host_matches(pattern, host, port) is expected


def test_a_private_address_is_refused_before_anything_is_sent(server: Server):
    with pytest.raises(AddressError, match=r"127\.0\.0\.1 is not a public host"):
        public_client().get(server.url)
    assert server.requests == []


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8"])
def test_an_allowed_private_host_or_network_is_read(server: Server, settings, allowed):
    settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS = [allowed]
    assert public_client().get(server.url).status == 200


def test_open_and_closed_ports_of_a_private_host_are_refused_alike(server: Server):
    refusals = set()
    for url in (server.url, "http://127.0.0.1:9/feed.json"):
        with pytest.raises(AddressError) as refusal:
            public_client().get(url)
        refusals.add(str(refusal.value))
    assert len(refusals) == 1


def test_a_name_that_stands_for_another_address_a_moment_later_is_refused(server: Server, monkeypatch):
    """The first look-up says a public address, the one that connects a private one."""
    real, asked = socket.getaddrinfo, []

    def rebinding(host, port, *args, **kwargs):
        asked.append(host)
        return real("8.8.8.8" if len(asked) == 1 else "127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(AddressError, match="not a public host"):
        public_client().get(server.url.replace("127.0.0.1", "localhost"))
    assert len(asked) == 2
    assert server.requests == []
