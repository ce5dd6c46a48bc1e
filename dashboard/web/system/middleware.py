"""What holds for every request: health probes, the host that is asked for, null characters, and cookies."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from dashboard.web.system.views import healthz, readyz

__all__ = ["CookieMiddleware", "NullCharacterMiddleware", "ProbeMiddleware"]

Handler = Callable[[HttpRequest], HttpResponse]
PROBES = {"/healthz": healthz, "/readyz": readyz}


class ProbeMiddleware:
    """`/healthz` and `/readyz` answer under any Host header, because probes ask by address; nothing else does."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe:
            return probe(request)
        request.get_host()  # raises DisallowedHost, also for static files, which come before Django's own check
        return self.get_response(request)


class NullCharacterMiddleware:
    """Refuse a null character in the path or the query with 400: PostgreSQL cannot look one up.

    Form fields refuse it themselves, and views of the API (`reads_as_of`) answer in their own format. It stands
    behind `AsOfMiddleware`, which says more about a day.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> None:
        query = request.META.get("QUERY_STRING", "")
        has_null = "\x00" in request.path_info or "\x00" in query or "%00" in query
        if has_null and not getattr(view, "reads_as_of", False):
            raise BadRequest("null character in the address")


class CookieMiddleware:
    """Every cookie, Django's or ours, belongs to the path of the base URL and is secure when that is https."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for cookie in response.cookies.values():
            if cookie["path"] in {"", "/"}:
                cookie["path"] = settings.SESSION_COOKIE_PATH
            cookie["secure"] = cookie["secure"] or settings.SESSION_COOKIE_SECURE
        return response
