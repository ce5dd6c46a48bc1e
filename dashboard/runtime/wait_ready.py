"""Waits until the web server answers."""

import asyncio

__all__ = ["wait_for_web"]

PAUSE = 0.1


async def wait_for_web(host: str, port: int) -> None:
    """Return once `/healthz` answers 200. Has no timeout: the caller cancels it."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    while not await _is_healthy(target, port):
        await asyncio.sleep(PAUSE)


async def _is_healthy(host: str, port: int) -> bool:
    """One request; a probe may name any host."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status = await asyncio.wait_for(reader.readline(), 10)
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
    return status.split()[1:2] == [b"200"]
