"""The day a page is asked about: `?as_of=YYYY-MM-DD`, today when absent.

Everything a page shows is what was known, and what had been called, by the end of that day.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dashboard.web.common.demo_moments import DEMO_DAYS, DEMO_MOMENTS, DemoMoment

__all__ = ["AsOfControl", "DemoStop", "Request", "as_of_control", "parse_day", "requested_day"]

FIRST, LAST = date(2015, 1, 1), date(2099, 12, 31)


class Request(HttpRequest):
    """A request as pages get it: with the day it asks about, and today (`middleware.AsOfDay`)."""

    as_of: date
    today: date


@dataclass(frozen=True, slots=True)
class AsOfControl:
    """The day control of one page.

    `previous` and `next` are None at the ends; the `story_*` fields are empty outside a demo.
    """

    as_of: date
    today: date
    previous: date | None
    next: date | None
    demo_stops: tuple["DemoStop", ...] = ()
    demo_first: date | None = None
    demo_last: date | None = None

    @property
    def is_today(self) -> bool:
        return self.as_of == self.today

    @property
    def demo_offset(self) -> int:
        """The day as a number of days since the story began, within its length."""
        if not self.demo_first or not self.demo_last:
            return 0
        return min(max((self.as_of - self.demo_first).days, 0), self.demo_length)

    @property
    def demo_length(self) -> int:
        return (self.demo_last - self.demo_first).days if self.demo_first and self.demo_last else 0


@dataclass(frozen=True, slots=True)
class DemoStop:
    """One marked moment of the demo; `x` is its place on the track, 0 to 100."""

    moment: DemoMoment
    x: float
    current: bool


def parse_day(text: str) -> date:
    """The day `text` names; raises `ValueError` for anything but a calendar day from 2015 to 2099."""
    if len(text) != 10:
        raise ValueError(text[:40])
    day = date.fromisoformat(text)
    if not FIRST <= day <= LAST:
        raise ValueError(text)
    return day


def requested_day(request: HttpRequest, today: date) -> date:
    """The day `request` asks about; raises `BadRequest`, with words for a person, when it makes no sense."""
    text = request.GET.get("as_of", "").strip()
    if not text:
        return today
    try:
        return parse_day(text)
    except ValueError:
        message = _("“%(text)s” is not a day. Write as_of as year-month-day, such as 2023-12-08.")
        raise BadRequest(message % {"text": text[:40]}) from None


def as_of_control(as_of: date, today: date, *, demo: bool) -> AsOfControl:
    """What the day control offers on `as_of`."""
    step = timedelta(days=1)
    previous = as_of - step if as_of > FIRST else None
    following = as_of + step if as_of < LAST else None
    if not demo:
        return AsOfControl(as_of, today, previous, following)
    first, last = DEMO_DAYS
    length = (last - first).days
    steps = tuple(
        DemoStop(moment, round((moment.day - first).days * 100 / length, 2), moment.day == as_of)
        for moment in DEMO_MOMENTS
    )
    return AsOfControl(as_of, today, previous, following, steps, first, last)
