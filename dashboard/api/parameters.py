"""Query parameters: each type checks its text, says what would be right, and describes itself in the document.

An empty parameter is one that is absent.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import BeforeValidator, Field, WithJsonSchema

from dashboard.api.errors import ApiError
from dashboard.core import clock

__all__ = ["AsOf", "Paging", "choices", "parse_choice", "parse_day", "reject_unknown_parameters"]

PAGE_SIZE, MAX_PAGE_SIZE, MAX_PAGE = 100, 500, 1_000_000_000


def parse_day(name: str, text: str) -> date | None:
    """The day in `text`, None when it is empty. Raises a 400 that names the parameter."""
    text = text.strip()
    if not text:
        return None
    try:
        return clock.parse_day(text)
    except clock.DayError as error:
        message = f"{name} must be a day such as 2023-12-08, not {error.text!r}"
        raise ApiError(400, message, parameter=name) from None


def parse_choice(name: str, text: str, values: Collection[str]) -> str:
    """The text, which may be empty. Raises a 400 when it is not among `values`."""
    if text and text not in values:
        raise ApiError(400, f"{name} must be one of {', '.join(values)}, not {text[:40]!r}", parameter=name)
    return text


def reject_unknown_parameters(request: HttpRequest, query: Schema) -> None:
    """Refuse a parameter that nobody reads: a misspelt filter must not answer with everything."""
    known = sorted(field.alias or name for name, field in type(query).model_fields.items())
    for name in request.GET:
        if name not in known:
            raise ApiError(
                400, f"No parameter {name[:40]!r} here; known are {', '.join(known)}", parameter=name[:40]
            )


def choices(name: str, values: Collection[str]) -> Any:
    """The type of a parameter that is one of `values`, or empty."""
    return Annotated[
        str,
        BeforeValidator(lambda text: parse_choice(name, text, values)),
        WithJsonSchema({"type": "string", "enum": list(values)}),
    ]


def _day(name: str) -> BeforeValidator:
    return BeforeValidator(lambda text: parse_day(name, text))


def _number(name: str, default: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text:
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
        if not 1 <= number <= highest:
            raise ApiError(400, f"{name} must be a number from 1 to {highest}, not {text[:40]!r}", parameter=name)
        return number

    return parse


DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
AsOfDay = Annotated[date | None, _day("as_of"), DAY_SCHEMA]
FromDay = Annotated[date | None, _day("from"), DAY_SCHEMA]
ToDay = Annotated[date | None, _day("to"), DAY_SCHEMA]
PageNumber = Annotated[
    int,
    BeforeValidator(_number("page", 1, MAX_PAGE)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_PAGE}),
]
PageSize = Annotated[
    int,
    BeforeValidator(_number("page_size", PAGE_SIZE, MAX_PAGE_SIZE)),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE}),
]


class AsOf(Schema):
    """What every read takes."""

    as_of: AsOfDay = Field(None, description="Answer as known on this day (UTC); today when absent")

    @property
    def day(self) -> date:
        return self.as_of or clock.today()


class Paging(AsOf):
    """What every list takes."""

    page: PageNumber = Field(1, description="which page of the list")
    page_size: PageSize = Field(PAGE_SIZE, description="items on a page")
