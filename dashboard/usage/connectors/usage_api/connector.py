"""Usage APIs: OpenAI's organization usage and Anthropic's usage report, in UTC days.

A provider's numbers of a day grow for a while, so the last three days are asked for again with every poll
and replaced. The admin key is read from the environment, is sent to nobody but the provider, and is in no message.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from itertools import chain
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dashboard.usage.buckets import DAY
from dashboard.usage.connectors.secrets import SecretError, secret
from dashboard.usage.connectors.sync_window import DeliveryError, Place, since
from dashboard.usage.formats.registry import FORMATS
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import Batch, clean, last_hour

__all__ = ["PROVIDERS", "Client", "Provider", "checked", "read"]

OPEN_DAYS = 3  # days whose numbers may still grow
CHUNK_DAYS = 31  # the most days that one page holds
CHUNKS = 12  # per poll and endpoint: a longer back-fill goes on with the next poll
PAGES = 500
ATTEMPTS = 5
LONGEST_WAIT = 60.0
TIMEOUT = 30
LARGEST = 32 << 20
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True)
class Provider:
    """How one API is asked: where, with which header, and which format its pages have."""

    base: str
    path: str
    format: str
    endpoints: tuple[str, ...]
    default: tuple[str, ...]

    def query(self, start: int, end: int) -> list[tuple[str, str]]:
        if self.format == "openai-usage":
            span = [("start_time", str(start)), ("end_time", str(end))]
            groups = ("project_id", "api_key_id", "model")
        else:
            span = [("starting_at", _iso(start)), ("ending_at", _iso(end))]
            groups = ("workspace_id", "api_key_id", "model")
        fixed = [("bucket_width", "1d"), ("limit", str(CHUNK_DAYS))]
        return [*span, *fixed, *(("group_by[]", group) for group in groups)]

    def headers(self, key: str) -> dict[str, str]:
        if self.format == "openai-usage":
            return {"Authorization": f"Bearer {key}"}
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}


PROVIDERS = {
    "openai": Provider(
        "https://api.openai.com",
        "/v1/organization/usage/{endpoint}",
        "openai-usage",
        ("completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions"),
        ("completions", "embeddings"),
    ),
    "anthropic": Provider(
        "https://api.anthropic.com",
        "/v1/organizations/usage_report/{endpoint}",
        "anthropic-usage",
        ("messages",),
        ("messages",),
    ),
}


def checked(config: Mapping[str, Any]) -> tuple[Provider, str, tuple[str, ...]]:
    """The provider, the base address and the endpoints that a configuration means. Raises DeliveryError."""
    provider = PROVIDERS.get(str(config.get("provider")))
    if provider is None:
        raise DeliveryError(f"provider must be one of {', '.join(PROVIDERS)}")
    base = str(config.get("url") or provider.base).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise DeliveryError("url must begin with https://")
    endpoints = config.get("endpoints") or list(provider.default)
    if not isinstance(endpoints, list) or not set(endpoints) <= set(provider.endpoints):
        raise DeliveryError(f"endpoints must be a list of {', '.join(provider.endpoints)}")
    return provider, base, tuple(endpoints)


def read(source: Source, now: datetime) -> tuple[Counts, str]:
    """Ask for what is missing and for the open days; what counted, and the problem there was ("" for none).

    Each chunk of days commits with its checkpoint: a poll that fails or is killed loses none before it.
    """
    counts = Counts()
    try:
        provider, base, endpoints = checked(source.config)
        client = Client(base, provider.headers(secret(source.config.get("key"))))
        problem = ""
        for endpoint in endpoints:
            more, trouble = _read_endpoint(Place(source, endpoint, now), provider, client, endpoint, now)
            counts, problem = counts + more, problem or trouble
    except (DeliveryError, SecretError) as trouble:
        return counts, str(trouble)
    return counts, problem


def _read_endpoint(
    place: Place, provider: Provider, client: "Client", endpoint: str, now: datetime
) -> tuple[Counts, str]:
    counts, problem = Counts(), ""
    today = int(now.timestamp()) // DAY * DAY
    first = since(place.source.config, now)
    recent = place.recent(first, today, OPEN_DAYS * DAY, CHUNK_DAYS * DAY, CHUNKS)
    for begin, end in chain(recent, place.history(first, CHUNK_DAYS * DAY, CHUNKS)):
        end = min(end, today + DAY)
        batch = Batch(last_hour(now))
        path = provider.path.format(endpoint=endpoint)
        for body in client.pages(path, provider.query(begin, end)):
            FORMATS[provider.format].decode_document(body, batch, 1, 0)  # type: ignore[attr-defined]
        span = begin, min(end, today)
        counts += place.deliver(batch.readings.values(), span, batch.accepted, batch.rejected)
        if batch.rejects:
            problem = f"{batch.rejected} results of {endpoint} were not understood: {batch.rejects[0].reason}"
    return counts, problem or place.dimensions.overflow


class _NoRedirects(HTTPRedirectHandler):
    """A key must not follow to another host."""

    def redirect_request(self, *_args: object) -> None:
        return None


class Client:
    """Asks with bounded patience. Every trouble is a DeliveryError that says what to do about it."""

    def __init__(
        self, base: str, headers: Mapping[str, str], *, patience: float = LONGEST_WAIT, timeout: float = TIMEOUT
    ) -> None:
        self.base = base
        self.headers = {**headers, "Accept": "application/json", "User-Agent": "sundial"}
        self.opener = build_opener(_NoRedirects)
        self.patience = patience
        self.timeout = timeout

    def pages(self, path: str, query: list[tuple[str, str]]) -> "list[bytes]":
        """The bodies of all pages; a page that is named twice would go on for ever."""
        bodies: list[bytes] = []
        cursor, seen = "", set[str]()
        while True:
            body, cursor = self.page(path, query, cursor)
            bodies.append(body)
            if not cursor:
                return bodies
            if cursor in seen or len(bodies) >= PAGES:
                raise DeliveryError("The provider's pages do not end")
            seen.add(cursor)

    def page(self, path: str, query: list[tuple[str, str]], cursor: str = "") -> tuple[bytes, str]:
        """One page, and the name of the next one; "" behind the last."""
        asked = [*query, ("page", cursor)] if cursor else query
        body = self._get(f"{self.base}{path}?{urlencode(asked)}")
        try:
            page = json.loads(body)
        except (ValueError, RecursionError):
            raise DeliveryError("The provider's answer is not JSON") from None
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise DeliveryError("The provider's answer has no list of data")
        return body, str(page.get("next_page") or "") if page.get("has_more") else ""

    def _get(self, url: str) -> bytes:
        for attempt in range(ATTEMPTS):
            pause = float(2**attempt)
            try:
                with self.opener.open(Request(url, headers=self.headers), timeout=self.timeout) as answer:  # noqa: S310  checked
                    body: bytes = answer.read(LARGEST + 1)
            except HTTPError as refusal:
                with refusal:
                    told = refusal.headers.get("Retry-After")
                if refusal.code != 429 and refusal.code < 500:
                    raise DeliveryError(_refusal(refusal.code)) from None
                reason = f"The provider answers {refusal.code}"
                pause = _seconds(told, pause)
            except (OSError, HTTPException) as trouble:
                reason = f"The provider cannot be reached: {clean(getattr(trouble, 'reason', trouble), 200)}"
            else:
                if len(body) > LARGEST:
                    raise DeliveryError("The provider's answer is longer than 32 MiB")
                return body
            if attempt + 1 == ATTEMPTS or pause > self.patience:
                break
            self.patience -= pause
            time.sleep(pause)
        raise DeliveryError(f"{reason}; the next poll tries again")


def _refusal(code: int) -> str:
    if code in {401, 403}:
        return f"The provider answers {code}: the key is not an admin key with access to usage"
    return f"The provider answers {code}"


def _seconds(told: str | None, otherwise: float) -> float:
    """Retry-After: seconds or a date, which is measured against no clock of ours: it means the usual pause."""
    try:
        return max(0.0, float(told)) if told else otherwise
    except ValueError:
        try:
            parsedate_to_datetime(told or "")
        except ValueError:
            return otherwise
        return max(otherwise, 10.0)


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
