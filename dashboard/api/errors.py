"""Errors as RFC 9457 says: one JSON document of type `application/problem+json`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["PROBLEM_TYPE", "ApiError", "Problem", "problem_response", "problems"]

PROBLEM_TYPE = "application/problem+json"


class ApiError(Exception):
    """Raised by a view to answer with a problem; `detail` is a sentence for the person who reads the log."""

    def __init__(self, status: int, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.status, self.detail, self.members = status, detail, members


class Problem(BaseModel):
    """What went wrong, as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="always about:blank: the status says it all")
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="a sentence for a person: what is wrong and what would be right")
    parameter: str | None = Field(None, description="the query parameter that is wrong, where one is")
    limit: int | None = Field(None, description="the bound that the request exceeds, where it is one")


def problem_response(status: int, detail: str, **members: Any) -> JsonResponse:
    """The response; `members` are added to the standard ones, such as `parameter`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)


def problems(*statuses: int) -> Mapping[int, type[Problem]]:
    """The responses to document for an operation: 401, 403 and 500, which all have, and `statuses`."""
    return dict.fromkeys(sorted({401, 403, 500, *statuses}), Problem)
