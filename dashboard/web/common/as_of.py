"""The day that a page shows: `?as_of=YYYY-MM-DD`, today when absent. Days are UTC.

A page shows what was known, and what had been called, by the end of that day.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dashboard.core import clock
from dashboard.web.common.demo_moments import DEMO_DAYS, DEMO_MOMENTS, DemoMoment

__all__ = [
    "AsOfControl",
    "AsOfMiddleware",
    "DayConverter",
    "DemoStop",
    "Request",
    "as_of_control",
    "requested_day",
]


class Request(HttpRequest):
    """A request with the requested day, and today; `AsOfMiddleware` sets both."""

    as_of: date
    today: date


class AsOfMiddleware:
    """Sets `request.as_of` and `request.today` (days, UTC) before the view runs.

    It runs after the sign-in middleware, so that an anonymous visitor is redirected to sign in before an invalid
    day is reported. A view with the attribute `reads_as_of` parses the day itself and reports errors in its own
    format.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> None:
        if getattr(view, "reads_as_of", False):
            return
        today = clock.today()
        vars(request).update(today=today, as_of=requested_day(request, today))


class DayConverter:
    """URL path converter for a day such as 2024-01-04; an impossible day does not match."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return clock.parse_day(value)

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()


@dataclass(frozen=True, slots=True)
class DemoStop:
    """One marked day of the demo; `x` is its position on the slider, 0 to 100."""

    moment: DemoMoment
    x: float
    current: bool


@dataclass(frozen=True, slots=True)
class AsOfControl:
    """The day control of one page.

    `previous` and `next` are None at the ends; the `demo_*` fields are empty outside a demo.
    """

    as_of: date
    today: date
    previous: date | None
    next: date | None
    demo_stops: tuple[DemoStop, ...] = ()
    demo_first: date | None = None
    demo_last: date | None = None

    @property
    def is_today(self) -> bool:
        return self.as_of == self.today

    @property
    def demo_offset(self) -> int:
        """Days from the first day of the demo to this one, 0 to `demo_length`."""
        if not self.demo_first or not self.demo_last:
            return 0
        return min(max((self.as_of - self.demo_first).days, 0), self.demo_length)

    @property
    def demo_length(self) -> int:
        return (self.demo_last - self.demo_first).days if self.demo_first and self.demo_last else 0


def requested_day(request: HttpRequest, today: date) -> date:
    """The day that `?as_of=` names, else `today`; raises `BadRequest` with a translated message."""
    text = request.GET.get("as_of", "").strip()
    if not text:
        return today
    try:
        return clock.parse_day(text)
    except clock.DayError as error:
        message = _("“%(text)s” is not a day. Write as_of as year-month-day, such as 2023-12-08.")
        raise BadRequest(message % {"text": error.text}) from None


def as_of_control(as_of: date, today: date, *, demo: bool) -> AsOfControl:
    """The day control for a page that shows `as_of`."""
    one_day = timedelta(days=1)
    previous = as_of - one_day if as_of > clock.FIRST_DAY else None
    following = as_of + one_day if as_of < clock.LAST_DAY else None
    if not demo:
        return AsOfControl(as_of, today, previous, following)
    first, last = DEMO_DAYS
    length = (last - first).days
    stops = tuple(
        DemoStop(moment, round((moment.day - first).days * 100 / length, 2), moment.day == as_of)
        for moment in DEMO_MOMENTS
    )
    return AsOfControl(as_of, today, previous, following, stops, first, last)
