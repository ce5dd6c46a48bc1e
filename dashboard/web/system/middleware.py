"""What holds for every request: health probes, the host that is asked for, null characters, and cookies."""

from collections.abc import Callable

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

    Form fields refuse it themselves.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "\x00" in query or "%00" in query:
            raise BadRequest("null character in the address")
        return self.get_response(request)


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
