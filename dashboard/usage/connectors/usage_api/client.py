"""Pages of JSON from the usage API of a provider, with bounded waiting."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from dashboard.core.http import client as http_client
from dashboard.core.http.limits import (
    AddressError,
    HttpError,
    Limits,
    RefusedError,
    TooLargeError,
    TryAgainError,
)
from dashboard.usage.connectors.base import ConnectorError
from dashboard.usage.records import clean

__all__ = ["UsageApiClient"]

log = logging.getLogger(__name__)

PAGES = 500
POLL_SECONDS = 600  # for all requests of a poll; the next one goes on
# No redirects: the key goes to nobody but the provider. `waiting` is for all requests of a poll.
LIMITS = Limits(read=30, size=32 << 20, redirects=0, tries=5, pause=1, longest_pause=float("inf"), waiting=60)


class UsageApiClient:
    """Asks one provider. Every error is a ConnectorError that says what to do about it.

    With `is_chosen`, the address was written by an editor: errors do not tell which ports are open there.
    """

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str],
        *,
        is_chosen: bool = False,
        waiting: float = LIMITS.waiting,
        timeout: float = LIMITS.read,
    ) -> None:
        self.base = base
        self.ends_at = time.monotonic() + POLL_SECONDS
        limits = replace(LIMITS, waiting=waiting, connect=min(timeout, LIMITS.connect), read=timeout)
        self.client = http_client.Client(
            headers={"Accept": "application/json"}, secret=headers, limits=limits, only_public=True
        )
        self.is_chosen = is_chosen

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
        if time.monotonic() > self.ends_at:
            raise ConnectorError(f"The provider is slow: this poll ended after {POLL_SECONDS} seconds")
        try:
            return self.client.get(url).content
        except TryAgainError as error:
            reason = f"The provider answers {error.status}" if error.status else self._unreachable(error)
            raise ConnectorError(f"{reason}; the next poll tries again") from None
        except RefusedError as error:
            if error.status is None and self.is_chosen:
                raise ConnectorError(f"{self._unreachable(error)}; the next poll tries again") from None
            raise ConnectorError(_refusal(error)) from None
        except TooLargeError:
            raise ConnectorError(f"The provider's answer is longer than {LIMITS.size >> 20} MiB") from None
        except AddressError as error:
            raise ConnectorError(f"The provider cannot be reached: {clean(str(error), 200)}") from None
        except HttpError as error:
            raise ConnectorError(f"{self._unreachable(error)}; the next poll tries again") from None

    def _unreachable(self, error: HttpError) -> str:
        reason = clean(str(error), 200)
        if self.is_chosen:  # only the operator reads logs
            log.warning("%s cannot be read: %s", self.base, reason)
            return "The provider cannot be reached at this address"
        return f"The provider cannot be reached: {reason}"


def _refusal(error: RefusedError) -> str:
    if error.status is None:
        return f"The provider's answer cannot be read: {clean(str(error), 200)}"
    if error.status in {401, 403}:
        return f"The provider answers {error.status}: the key is not an admin key with access to usage"
    return f"The provider answers {error.status}"
