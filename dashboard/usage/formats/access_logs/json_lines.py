"""Access logs whose lines are JSON objects: Traefik, Caddy, and nginx with whatever `log_format` names.

nginx and Caddy write a line when the request ends; where the line also tells how long it took, its time
is that of its start.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from dashboard.core.providers import platform_of_host
from dashboard.usage.records import epoch_seconds

__all__ = ["Request", "parse", "shape"]

# Keys met in operators' own nginx formats, best first.
ENDED = ("msec", "time_iso8601", "@timestamp", "timestamp", "time", "ts", "time_local")
METHOD = ("request_method", "method", "verb")
URI = ("request_uri", "uri", "path", "url")
STATUS = ("status", "status_code", "response_code")
HOST = ("upstream_host", "proxy_host", "upstream_name", "host", "http_host", "server_name")
CONSUMER = ("app_id", "http_x_app_id", "x_app_id", "consumer", "application", "remote_user", "user")
ADDRESS = ("remote_addr", "client_ip", "realip_remote_addr", "client", "remote_ip")
AGENT = ("http_user_agent", "user_agent", "agent")
TOOK = ("request_time", "duration")

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Request(NamedTuple):
    """One HTTP request. Texts are "" where the log has none."""

    at: int  # seconds since 1970
    method: str
    uri: str
    status: int
    consumer: str
    agent: str
    host: str


def parse(raw: bytes) -> Request | None:
    """One JSON line; None when it is a server's message and no request. Raises ValueError."""
    line = _decode(raw)
    kind = shape_of(line)
    if kind == "Traefik's access log":
        return _traefik(line)
    if kind == "Caddy's log":
        return _caddy(line)
    if kind:
        return _nginx(line)
    raise ValueError("no request method, path and status among the fields")


def shape(raw: bytes) -> str:
    """Whose access log a JSON line belongs to; "" when it is none."""
    try:
        return shape_of(_decode(raw))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return ""


def shape_of(line: dict[str, Any]) -> str:
    if "RequestMethod" in line and "RequestPath" in line:
        return "Traefik's access log"
    if isinstance(line.get("logger"), str) and isinstance(line.get("ts"), float | int | str) and "level" in line:
        return "Caddy's log"
    if "gen_ai.request.model" in line:
        return ""  # an AI gateway's, which knows the model
    request = line.get("request")
    named = _first(line, METHOD) and _first(line, URI)
    if (named or (isinstance(request, str) and " HTTP/" in request)) and _first(line, STATUS):
        return "an access log in JSON"
    return ""


def _first(line: dict[str, Any], names: Iterable[str]) -> str:
    """The first of these fields that says something, as text."""
    for name in names:
        value = line.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value not in {"", "-"}:
            return str(value)
    return ""


def _status(text: str) -> int:
    # An upstream list such as "502, 200" ends with the answer the client got.
    try:
        return int(text.rpartition(",")[2])
    except ValueError:
        raise ValueError("the status is not a number") from None


def _seconds(text: str) -> float:
    try:
        return max(0.0, min(float(text or 0), 86_400.0))
    except ValueError:
        return 0.0


def _started(ended: str, took: float) -> int:
    """When a request began, from when it ended."""
    try:
        return epoch_seconds(float(ended) - took)
    except ValueError:
        return epoch_seconds(ended)


def _nginx(line: dict[str, Any]) -> Request | None:
    method, uri = _first(line, METHOD), _first(line, URI)
    if not method or not uri:
        parts = str(line["request"]).split(" ")
        if len(parts) != 3:
            return None
        method, uri = parts[0], parts[1]
    ended = _first(line, ENDED)
    if not ended:
        raise ValueError("no time among the fields")
    return Request(
        _started(ended, _seconds(_first(line, TOOK))),
        method,
        uri,
        _status(_first(line, STATUS)),
        _first(line, CONSUMER) or _first(line, ADDRESS),
        _first(line, AGENT),
        _first(line, HOST),
    )


def _traefik(line: dict[str, Any]) -> Request:
    host, service = _first(line, ("RequestHost",)), _first(line, ("ServiceName",)).partition("@")[0]
    return Request(
        epoch_seconds(_first(line, ("StartUTC", "StartLocal", "time"))),
        str(line["RequestMethod"]),
        str(line["RequestPath"]),
        _status(_first(line, ("DownstreamStatus", "OriginStatus"))),
        _first(line, ("ClientUsername", "request_X-App-Id")) or _first(line, ("ClientHost",)),
        _first(line, ("request_User-Agent",)),
        host if platform_of_host(host) else service,
    )


def _caddy(line: dict[str, Any]) -> Request | None:
    """Only access loggers count: an error logger repeats the failed call."""
    request = line.get("request")
    if not str(line["logger"]).startswith("http.log.access") or not isinstance(request, dict):
        return None
    headers = request.get("headers")
    agent = headers.get("User-Agent") if isinstance(headers, dict) else None
    return Request(
        _started(str(line["ts"]), _seconds(_first(line, ("duration",)))),
        _first(request, ("method",)),
        _first(request, ("uri",)),
        _status(_first(line, ("status",)) or "0"),
        _first(line, ("user_id",)) or _first(request, ("client_ip", "remote_ip")),
        str(agent[0]) if isinstance(agent, list) and agent else "",
        _first(request, ("host",)),
    )
