"""Lists: `?page=&page_size=` in, `{"count", "next", "previous", "results"}` out."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest

from dashboard.api.errors import ApiError
from dashboard.api.parameters import Paging

__all__ = ["paginate"]


def paginate(
    request: HttpRequest, query: Paging, items: Sequence, serialize: Callable[[Sequence], Sequence]
) -> dict[str, Any]:
    """The page of `items` that is asked for; `serialize` makes the JSON of those on the page."""
    size, number = query.page_size, query.page
    count = len(items)
    pages = max(1, -(-count // size))
    if number > pages:
        raise ApiError(404, f"There are {pages} pages, and no page {number}", parameter="page")
    return {
        "count": count,
        "next": _page_url(request, number + 1) if number < pages else None,
        "previous": _page_url(request, number - 1) if number > 1 else None,
        "results": serialize(items[(number - 1) * size : number * size]),
    }


def _page_url(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
