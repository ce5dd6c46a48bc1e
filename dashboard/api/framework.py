"""django-ninja as this API uses it: errors as problems, the answer's headers, and the OpenAPI document.

See docs/adr/0010-api-framework.md.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.cache import patch_vary_headers
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from dashboard.api.auth import READ_ROLES, BearerToken, Session
from dashboard.api.errors import PROBLEM_TYPE, ApiError, problem_response
from dashboard.core.health import RETRY_SECONDS, is_passing_trouble

__all__ = ["SundialAPI", "api_view"]

log = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


class SundialAPI(NinjaAPI):
    """The JSON API below /api/v1/: tokens or a session, problems for errors, no page of documentation.

    The pages that ninja has for the document load scripts from elsewhere, which our policy forbids.
    """

    def __init__(self, *, version: str, description: str) -> None:
        super().__init__(
            title="Sundial",
            version=version,
            description=description,
            docs_url=None,
            urls_namespace="api",
            auth=[BearerToken(READ_ROLES), Session()],
        )
        for error in (ApiError, AuthenticationError, ValidationError, Exception):
            self.add_exception_handler(error, _problem)

    def patterns(self) -> list[URLPattern]:
        """Its addresses, each view wrapped by `api_view`."""
        found = [pattern for pattern in self.urls[0] if isinstance(pattern, URLPattern)]
        for pattern in found:
            pattern.callback = api_view(pattern.callback)
        return [pattern for pattern in found if pattern.name != "api-root"]

    def get_openapi_schema(self, **_kwargs: Any) -> OpenAPISchema:
        """The document, with errors in the media type that they have, and no default that is just absence.

        `x-required` marks a parameter whose absence a view tells in its own words.
        """
        document = super().get_openapi_schema(path_prefix=reverse("api:openapi-json").removesuffix("openapi.json"))
        for methods in document["paths"].values():
            for operation in methods.values():
                for parameter in operation["parameters"]:
                    if parameter["schema"].get("default") == "":
                        del parameter["schema"]["default"]
                    parameter["required"] |= parameter["schema"].pop("x-required", False)
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}
        return document


def api_view(view: View) -> View:
    """Mark a view as one that checks tokens itself, answer HEAD as GET, and complete the response's headers."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        method = request.method
        if method == "HEAD":
            request.method = "GET"  # the server leaves the body out
        try:
            response = view(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  it is logged
            response = _problem(request, error)
        finally:
            request.method = method
        if response.status_code == 405:
            allowed = response.get("Allow", "")
            response = problem_response(405, f"{request.method} is not possible here")
            response["Allow"] = allowed
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Bearer realm="Sundial"'
        if response.status_code == 503:
            response["Retry-After"] = str(RETRY_SECONDS)
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response

    # For the middleware: a program wants a problem rather than the sign-in page, and the API reads `as_of` itself.
    # No CSRF check, as a session may only read.
    vars(answer).update(login_required=False, reads_as_of=True, csrf_exempt=True)
    return answer


def _problem(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    if isinstance(error, ApiError):
        return problem_response(error.status, error.detail, **error.members)
    if isinstance(error, AuthenticationError):
        return problem_response(401, "Send a token as 'Authorization: Bearer TOKEN', or sign in")
    if isinstance(error, ValidationError):
        first = error.errors[0]
        name = str(first["loc"][-1])
        return problem_response(400, f"{name}: {first['msg']}", parameter=name)
    if is_passing_trouble(sys.exception()):
        return problem_response(503, "The database does not answer: try again")
    log.error("%s %s failed", request.method, request.path, exc_info=sys.exception())
    return problem_response(500, "Something broke here; the server's log says what")
