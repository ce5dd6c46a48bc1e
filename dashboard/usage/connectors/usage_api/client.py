"""Pages of JSON from the usage API of a provider, with bounded waiting."""

import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from dashboard.core import http
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.records import clean

__all__ = ["UsageApiClient"]

PAGES = 500
# No redirects: the key goes to nobody but the provider. `waiting` is for all requests of a poll.
LIMITS = http.Limits(read=30, size=32 << 20, redirects=0, tries=5, pause=1, longest_pause=float("inf"), waiting=60)


class UsageApiClient:
    """Asks one provider. Every error is a ConnectorError that says what to do about it."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        *,
        waiting: float = LIMITS.waiting,
        timeout: float = LIMITS.read,
    ) -> None:
        self.base = base
        limits = replace(LIMITS, waiting=waiting, connect=min(timeout, LIMITS.connect), read=timeout)
        self.client = http.Client(headers={"Accept": "application/json"}, secret=headers, limits=limits)

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
        """One page, and the cursor of the next one; "" after the last."""
        parameters = [*query, ("page", cursor)] if cursor else query
        body = self._get(f"{self.base}{path}?{urlencode(parameters)}")
        try:
            page = json.loads(body)
        except (ValueError, RecursionError):
            raise ConnectorError("The provider's answer is not JSON") from None
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise ConnectorError("The provider's answer has no list of data")
        return body, str(page.get("next_page") or "") if page.get("has_more") else ""

    def _get(self, url: str) -> bytes:
        try:
            return self.client.get(url).content
        except http.TryAgainError as error:
            reason = f"The provider answers {error.status}" if error.status else _unreachable(error)
            raise ConnectorError(f"{reason}; the next poll tries again") from None
        except http.RefusedError as error:
            raise ConnectorError(_refusal(error)) from None
        except http.TooLargeError:
            raise ConnectorError(f"The provider's answer is longer than {LIMITS.size >> 20} MiB") from None
        except http.HttpError as error:
            raise ConnectorError(_unreachable(error)) from None


def _unreachable(error: http.HttpError) -> str:
    return f"The provider cannot be reached: {clean(str(error), 200)}"


def _refusal(error: http.RefusedError) -> str:
    if error.status is None:
        return f"The provider's answer cannot be read: {clean(str(error), 200)}"
    if error.status in {401, 403}:
        return f"The provider answers {error.status}: the key is not an admin key with access to usage"
    return f"The provider answers {error.status}"
