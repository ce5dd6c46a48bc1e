"""Django's error handlers: a page for people, a problem (RFC 9457) for programs.

A program is whoever asks below `/api/` or `/v1/`, or sends a token anywhere. Database trouble that passes by
itself is 503 with Retry-After, wherever it shows: in a view, in a middleware, or behind an error of sessions.
"""

import sys

from django.http import HttpRequest, HttpResponse

from dashboard.api.errors import problem_response
from dashboard.core.health import RETRY_SECONDS, is_passing_trouble
from dashboard.web.system import errors

__all__ = ["bad_request", "csrf_failure", "forbidden", "not_found", "server_error"]


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_passing_trouble(exception):
        return _unavailable(request)
    if _is_program(request):
        return problem_response(400, "The address or the request is not valid")
    return errors.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_program(request):
        return problem_response(403, "This needs another role")
    return errors.forbidden(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    if _is_program(request):
        return problem_response(403, "Pages take no tokens: programs use the addresses below /api/v1/")
    return errors.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_program(request):
        return problem_response(404, "Nothing is at this address")
    return errors.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_passing_trouble(sys.exception()):
        return _unavailable(request)
    if _is_program(request):
        return problem_response(500, "Something broke here; the server's log says what")
    return errors.server_error(request)


def _unavailable(request: HttpRequest) -> HttpResponse:
    if _is_program(request):
        response: HttpResponse = problem_response(503, "The database does not answer: try again")
    else:
        response = errors.unavailable(request)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _is_program(request: HttpRequest) -> bool:
    return request.path_info.startswith(("/api/", "/v1/")) or "Authorization" in request.headers
