"""Lists: `?page=&page_size=` in, `{"count", "next", "previous", "results"}` out, and filters that are checked."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.http import HttpRequest

from dashboard.api.errors import ApiError

__all__ = ["MAX_PAGE_SIZE", "paginate", "parse_choice", "reject_unknown_parameters"]

PAGE_SIZE, MAX_PAGE_SIZE = 100, 500
ENVELOPE = ("as_of", "page", "page_size")


def reject_unknown_parameters(request: HttpRequest, *known: str) -> None:
    """Refuse a parameter that nobody reads: a misspelt filter must not answer with everything."""
    for name in request.GET:
        if name not in {*known, *ENVELOPE}:
            words = ", ".join(sorted({*known, *ENVELOPE}))
            raise ApiError(400, f"No parameter {name[:40]!r} here; known are {words}", parameter=name[:40])


def parse_choice(request: HttpRequest, name: str, words: Collection[str]) -> str:
    """The parameter's value, "" when absent; one that is not among `words` is refused."""
    value = request.GET.get(name, "")
    if value and value not in words:
        raise ApiError(400, f"{name} must be one of {', '.join(words)}, not {value[:40]!r}", parameter=name)
    return value


def paginate(request: HttpRequest, found: Sequence, item: Callable[[Any], Any]) -> dict[str, Any]:
    """The page of `found` that is asked for; `item` makes the JSON of one, and only of those on the page."""
    size = _number(request, "page_size", PAGE_SIZE, MAX_PAGE_SIZE)
    number = _number(request, "page", 1, 1_000_000_000)
    pages = max(1, -(-len(found) // size))
    if number > pages:
        raise ApiError(404, f"There are {pages} pages, and no page {number}", parameter="page")
    return {
        "count": len(found),
        "next": _address(request, number + 1) if number < pages else None,
        "previous": _address(request, number - 1) if number > 1 else None,
        "results": [item(one) for one in found[(number - 1) * size : number * size]],
    }


def _number(request: HttpRequest, name: str, default: int, highest: int) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if not 1 <= number <= highest:
        raise ApiError(400, f"{name} must be a number from 1 to {highest}, not {text[:40]!r}", parameter=name)
    return number


def _address(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
