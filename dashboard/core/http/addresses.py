"""Which addresses may be connected to when somebody other than the operator chose them. Checked per connection.

Refused are private, loopback, link-local and reserved addresses, and those at which clouds tell machines their
credentials. `SUNDIAL_ALLOWED_PRIVATE_HOSTS` names the exceptions: `host`, `host:port`, `*.domain` or a network.
"""

import ipaddress
import socket
from contextlib import suppress

from django.conf import settings

__all__ = ["PrivateAddressError", "check_host", "check_literal", "check_peer", "host_matches", "is_public"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
AZURE_METADATA = ipaddress.ip_address("168.63.129.16")  # of the public range, yet answered by the host itself


class PrivateAddressError(Exception):
    """The host is in a private network, and not among the exceptions; the message is one sentence."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host[:100]} is not a public host; SUNDIAL_ALLOWED_PRIVATE_HOSTS names the exceptions")


def is_public(text: str) -> bool:
    """Whether an address in figures is on the public internet; an embedded IPv4 address is judged by itself."""
    address = _embedded(ipaddress.ip_address(text))
    return address.is_global and not address.is_multicast and address != AZURE_METADATA


def host_matches(pattern: str, host: str, port: int | None) -> bool:
    """Whether `pattern` (`host`, `host:port` or `*.domain`) covers a host; without a port it covers all ports."""
    name, colon, number = pattern.rpartition(":")
    if colon and number.isdigit() and (name.count(":") == 0 or name.startswith("[")):
        if port is None or int(number) != port:
            return False
    else:
        name = pattern
    name, host = (text.strip("[]").rstrip(".").lower() for text in (name, host))
    return host.endswith(name[1:]) if name.startswith("*.") else host == name


def check_host(host: str, port: int) -> None:
    """Raise PrivateAddressError if any address of a host is private. A name without an address passes."""
    with suppress(OSError, UnicodeError):
        for *_, where in socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM):
            _check(str(where[0]), host, port)


def check_literal(host: str, port: int | None) -> None:
    """As `check_host`, for addresses in figures and names of this host, without asking the name service."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        _check("127.0.0.1", host, port)
    with suppress(ValueError):
        _check(str(ipaddress.ip_address(name)), host, port)


def check_peer(sock: socket.socket, host: str, port: int) -> None:
    """Raise PrivateAddressError if a socket is connected to a private address, whatever its name stood for."""
    _check(str(sock.getpeername()[0]), host, port)


def _check(address: str, host: str, port: int | None) -> None:
    if not is_public(address) and not any(
        host_matches(pattern, host, port) or _is_inside(pattern, address)
        for pattern in settings.SUNDIAL_ALLOWED_PRIVATE_HOSTS
    ):
        raise PrivateAddressError(host)


def _is_inside(pattern: str, address: str) -> bool:
    try:
        return _embedded(ipaddress.ip_address(address)) in ipaddress.ip_network(pattern)
    except ValueError:
        return False


def _embedded(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
    return address
