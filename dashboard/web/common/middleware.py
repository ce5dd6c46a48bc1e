"""Gives every request the day it asks about."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from dashboard.core import clock
from dashboard.web.common import as_of

__all__ = ["AsOfMiddleware"]


class AsOfMiddleware:
    """Sets `request.as_of` and `request.today` (days, UTC) before the view runs.

    Stands after the sign-in middleware, so that a stranger is asked to sign in before being told that a
    day makes no sense. A view with `reads_as_of` reads the day itself, and tells of mistakes its own way.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> None:
        if getattr(view, "reads_as_of", False):
            return
        today = clock.today()
        vars(request).update(today=today, as_of=as_of.requested_day(request, today))
