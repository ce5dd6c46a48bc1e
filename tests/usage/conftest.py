"""What usage tests share: a fixed now, sources, lines, and totals to compare."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dashboard.usage.models import DailyRollup, HourlyRollup, Source

NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
GOLDEN = Path(__file__).parents[1] / "golden" / "formats"


def make_source(slug: str = "gateway", **fields) -> Source:
    return Source.objects.create(**{"slug": slug, "name": slug, "created_at": NOW, "kind": "import"} | fields)


@pytest.fixture
def source(db) -> Source:
    return make_source()


@pytest.fixture
def inbox(db, settings) -> Source:
    settings.SUNDIAL_INBOX.mkdir(parents=True)
    return make_source("inbox", kind="watch")


def line(number: int, *, app: str = "search", model: str = "gpt-4", hour: int = 9, **fields) -> bytes:
    """One call in our own format; lines of the same number are the same call."""
    record = {"ts": f"2024-01-04T{hour:02}:00:00Z", "application": app, "platform": "openai", "model": model}
    return json.dumps(record | {"id": f"call-{number}", "input_tokens": number} | fields).encode() + b"\n"


def access(number: int, path: str = "/v1/engines/davinci/completions") -> bytes:
    """One call in nginx's format, which carries no id."""
    at = f"04/Jan/2024:09:{number // 60 % 60:02}:{number % 60:02} +0000"
    return f'10.0.0.1 - web [{at}] "POST {path} HTTP/1.1" 200 {number} "-" "curl"\n'.encode()


def calls(source: Source) -> int:
    """All calls of a source; the hourly and the daily rollups must agree."""
    hourly = sum(HourlyRollup.objects.filter(source=source).values_list("calls", flat=True))
    daily = sum(DailyRollup.objects.filter(source=source).values_list("calls", flat=True))
    assert hourly == daily
    return daily


def totals(source: Source) -> dict[tuple, tuple]:
    """(day, consumer, called as) -> calls and input tokens."""
    rows = DailyRollup.objects.filter(source=source).values_list(
        "day", "identity__consumer", "name__called_as", "calls", "input_tokens"
    )
    return {(str(day), *key): (number, tokens) for day, *key, number, tokens in rows}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write
