"""Errors as RFC 9457 says: one JSON document of type `application/problem+json`."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

__all__ = ["ApiError", "problem"]


class ApiError(Exception):
    """Raised by a view to answer with a problem; `detail` is a sentence for the person who reads the log."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


def problem(status: int, detail: str, **more: Any) -> JsonResponse:
    """The response; `more` adds members of its own, such as `parameter`."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JsonResponse(body, status=status, content_type="application/problem+json")
