"""A server that lets clients connect and never says a word."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["running"]


@contextmanager
def running() -> Iterator[int]:
    """Its port on 127.0.0.1."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)  # the system accepts for it
        yield listener.getsockname()[1]
