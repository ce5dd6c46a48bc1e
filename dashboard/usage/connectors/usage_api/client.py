"""The HTTP client of usage APIs: pages of JSON, with retries and a bound on the time spent waiting."""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dashboard.usage.connectors.sync_window import ConnectorError
from dashboard.usage.records import clean

__all__ = ["UsageApiClient"]

PAGES = 500
ATTEMPTS = 5
LONGEST_WAIT = 60.0
TIMEOUT = 30
LARGEST = 32 << 20


class _NoRedirects(HTTPRedirectHandler):
    """A key must not follow to another host."""

    def redirect_request(self, *_args: object) -> None:
        return None


class UsageApiClient:
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
                raise ConnectorError("The provider's pages do not end")
            seen.add(cursor)

    def page(self, path: str, query: list[tuple[str, str]], cursor: str = "") -> tuple[bytes, str]:
        """One page, and the name of the next one; "" behind the last."""
        asked = [*query, ("page", cursor)] if cursor else query
        body = self._get(f"{self.base}{path}?{urlencode(asked)}")
        try:
            page = json.loads(body)
        except (ValueError, RecursionError):
            raise ConnectorError("The provider's answer is not JSON") from None
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise ConnectorError("The provider's answer has no list of data")
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
                    raise ConnectorError(_refusal(refusal.code)) from None
                reason = f"The provider answers {refusal.code}"
                pause = _seconds(told, pause)
            except (OSError, HTTPException) as trouble:
                reason = f"The provider cannot be reached: {clean(getattr(trouble, 'reason', trouble), 200)}"
            else:
                if len(body) > LARGEST:
                    raise ConnectorError("The provider's answer is longer than 32 MiB")
                return body
            if attempt + 1 == ATTEMPTS or pause > self.patience:
                break
            self.patience -= pause
            time.sleep(pause)
        raise ConnectorError(f"{reason}; the next poll tries again")


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
