"""Access logs of reverse proxies: nginx (combined and JSON), Envoy, Traefik, Caddy, HAProxy.

One line is one attempt. There is no id that a client could not repeat, so the same call is recognised
by the content of its file only. Anything but POST is no model call. A line that is well formed but no
HTTP request (scanners' bytes) is no model call either.
"""

import re

from dashboard.usage.formats.access_logs import json_lines as access_json
from dashboard.usage.formats.access_logs import nginx_combined as nginx
from dashboard.usage.formats.access_logs import paths as access_paths
from dashboard.usage.formats.access_logs.nginx_combined import GONE, QUOTED, NginxFastPath, minute, posted
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.fast_path import FastPathFormat
from dashboard.usage.records import UNKNOWN, Called, Caller, CallRow, clean, epoch_seconds

__all__ = ["AccessLog"]

# [time] "METHOD PATH PROTO" code flags received sent duration upstream "xff" "ua" "id" "authority" "upstream"
ENVOY = re.compile(
    rb"\[(\d{4}-\d\d-\d\dT[^\]]{8,30})\] " + QUOTED + rb" (\d+) \S+ \d+ \d+ \d+ \S+ "
    rb"" + QUOTED + rb" " + QUOTED + rb" " + QUOTED + rb" " + QUOTED + rb" " + QUOTED + rb"(?: .*)?\s*"
)
# ... haproxy[1]: ip:port [06/Feb/2009:12:14:14.655] front back/server timers status bytes ... "METHOD URI PROTO"
HAPROXY = re.compile(
    rb"(?:.*?haproxy\[\d+\]: )?(\S+):\d+ \[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2})\.\d+\] "
    rb"\S+ \S+ [-+\d/]+ (-?\d+) \+?\d+ .*?" + QUOTED + rb"\s*"
)


class AccessLog(FastPathFormat):
    name = "access-log"
    fast_path = NginxFastPath

    def read(self, raw: bytes) -> CallRow | None:
        """nginx's combined log, the most common shape, without making a Request for each line."""
        found = nginx.LINE.fullmatch(raw)
        if not found:
            return self.extract(self.parse(raw))
        addr, user, time, zone, request, status, _, agent = found.groups()
        called = posted(request)
        if called is None:
            return None
        code = int(status)
        who = addr if user == b"-" else user
        at = minute(time[:17], zone) + int(time[18:])
        return at, (who, agent, called), None, 1, int(code >= 400), int(code in GONE), None, None, None

    def parse(self, raw: bytes) -> access_json.Request | None:
        """One line of any of the other shapes; None for a well formed line without an HTTP request."""
        if raw[:1] == b"{":
            return access_json.parse(raw)
        found = ENVOY.fullmatch(raw)
        if found:
            at, request, status, forwarded, agent, _, host, _ = found.groups()
            addr = forwarded.partition(b",")[0].strip()
            return _request(epoch_seconds(at.decode()), request, int(status), addr, agent, host)
        found = HAPROXY.fullmatch(raw)
        if found:
            addr, time, status, request = found.groups()
            return _request(minute(time[:17], b"+0000") + int(time[18:]), request, int(status), addr, b"-", b"")
        raise ValueError("not a line of an nginx, Envoy, Traefik, Caddy or HAProxy access log")

    def extract(self, record: access_json.Request | None) -> CallRow | None:
        if record is None or record.method != "POST":
            return None
        called = access_paths.called_by_path(record.uri, record.host)
        if called is None:
            return None
        code = record.status
        failed, gone = int(code >= 400 or code <= 0), int(code in GONE)
        return record.at, (record.consumer, record.agent, called), None, 1, failed, gone, None, None, None

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        *texts, called = key
        consumer, agent = (clean(_text(part) if isinstance(part, bytes) else part, 200) for part in texts)
        return Caller(consumer or UNKNOWN, user_agent=agent), called

    def recognise(self, sample: DetectionSample) -> str:
        shapes = [name for name in map(_shape, sample.lines) if name]
        if len(shapes) < sample.needed:
            return ""
        return f"lines of {max(set(shapes), key=shapes.count)}"


def _shape(raw: bytes) -> str:
    if raw[:1] == b"{":
        return access_json.shape(raw)
    names = ((nginx.LINE, "nginx's combined log"), (ENVOY, "Envoy's access log"), (HAPROXY, "HAProxy's log"))
    return next((name for pattern, name in names if pattern.fullmatch(raw)), "")


def _request(
    at: int, request: bytes, status: int, addr: bytes, agent: bytes, host: bytes
) -> access_json.Request | None:
    parts = request.split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/"):
        return None
    method, uri, name, address, client = map(_text, (parts[0], parts[1], host, addr, agent))
    return access_json.Request(at, method, uri, status, address, client, name)


def _text(part: bytes) -> str:
    return "" if part == b"-" else part.decode("utf-8", "replace")
