"""A server that answers as the usage APIs of providers do."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from dashboard.usage.buckets import DAY

__all__ = ["Provider", "running", "seconds"]


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=UTC).timestamp())


class Provider:
    """Days and what each project used; pages of `size` days; `refusals` are answered before anything else."""

    def __init__(self) -> None:
        self.address = ""
        self.days: dict[str, dict[str, int]] = {}
        self.size = 2
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []

    def answer(self, path: str, query: dict[str, list[str]], headers: dict[str, str]) -> tuple[int, dict, bytes]:
        self.asked.append((path, query, headers))
        if self.refusals:
            code, extra = self.refusals.pop(0)
            return code, extra, b"{}"
        is_openai = "/organization/usage/" in path
        if is_openai:
            start, end = int(query["start_time"][0]), int(query["end_time"][0])
        else:
            start, end = (seconds(query[name][0][:10]) for name in ("starting_at", "ending_at"))
        days = sorted(day for day in self.days if start <= seconds(day) < end)
        at = int(query.get("page", ["0"])[0])
        shown = days[at : at + self.size]
        more = at + self.size < len(days)
        kind = path.rpartition("/")[2]
        data = [self._openai(day, kind) if is_openai else self._anthropic(day) for day in shown]
        page = {"data": data, "has_more": more, "next_page": str(at + self.size) if more else None}
        return 200, {}, json.dumps(page).encode()

    def _openai(self, day: str, kind: str) -> dict:
        results = [
            {
                "object": f"organization.usage.{kind}.result",
                "num_model_requests": number,
                "project_id": project,
                "model": "gpt-4",
            }
            for project, number in self.days[day].items()
        ]
        return {"start_time": seconds(day), "end_time": seconds(day) + DAY, "results": results}

    def _anthropic(self, day: str) -> dict:
        results = [
            {"workspace_id": None, "model": "claude-2", "output_tokens": number, "uncached_input_tokens": 1}
            for number in self.days[day].values()
        ]
        return {"starting_at": f"{day}T00:00:00Z", "ending_at": f"{day}T23:59:59Z", "results": results}


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def running() -> Iterator[Provider]:
    """A provider on a port of its own."""
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            code, headers, body = told.answer(parts.path, parse_qs(parts.query), _lower(self.headers))
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
