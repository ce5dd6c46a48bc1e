"""The one door of the JSON API: who asks, about which day, and how a mistake is told.

`@api("GET")` around a view that takes an `ApiRequest` and answers with JSON-ready data (or a response):
- `Authorization: Bearer TOKEN` of a role that may read, or else the session of somebody signed in; a view for
  programs only takes no sessions, and so needs no protection from forged forms;
- `request.as_of` from `?as_of=`, by default today; nothing learned later may be in the answer;
- `ApiError`, an unknown method and whatever else breaks become `application/problem+json`.
"""

import logging
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers

from dashboard.access.models import ApiToken, Role
from dashboard.api.errors import ApiError, problem
from dashboard.core import clock

__all__ = ["INGEST_ROLES", "READ_ROLES", "ApiRequest", "api", "authenticate", "require_role"]

log = logging.getLogger(__name__)

READ_ROLES = frozenset({Role.VIEWER, Role.EDITOR})
INGEST_ROLES = frozenset({Role.INGEST, Role.EDITOR})
RETRY_SECONDS = 10
FIRST, LAST = date(2015, 1, 1), date(2099, 12, 31)

View = Callable[..., Any]


class ApiRequest(HttpRequest):
    """A request that came through the door; `token` is None with a session, `role` the token's."""

    as_of: date
    token: ApiToken | None
    role: str | None


def api(*methods: str, roles: frozenset[Role] = READ_ROLES, sessions: bool = True) -> Callable[[View], View]:
    """Make a view one of the API; see the module. `roles` are those whose tokens may use it.

    Without `sessions` a token is needed, also by somebody who is signed in.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                _admit(request, methods, roles, sessions=sessions)
                found = view(request, *args, **kwargs)
                response = found if isinstance(found, HttpResponseBase) else JsonResponse(found)
            except ApiError as known:
                response = problem(known.status, known.detail, **known.more)
            except Exception:
                log.exception("%s %s failed", request.method, request.path)
                response = problem(500, "Something broke here; the server's log says what")
            if response.status_code == 401:
                response["WWW-Authenticate"] = 'Bearer realm="Sundial"'
            if response.status_code == 405:
                response["Allow"] = ", ".join(methods)
            if response.status_code == 503:
                response["Retry-After"] = RETRY_SECONDS
            response["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, ["Authorization", "Cookie"])
            return response

        # The page's middleware leaves these to us: a program wants a problem, not a sign-in page.
        vars(answer).update(login_required=False, reads_as_of=True, csrf_exempt=not sessions)
        return answer

    return decorate


def _admit(request: Any, methods: tuple[str, ...], roles: frozenset[Role], *, sessions: bool) -> None:
    if request.method not in {*methods, *(["HEAD"] if "GET" in methods else [])}:
        raise ApiError(405, f"{request.method} is not possible here")
    anonymous = sessions and not request.headers.get("Authorization")
    by_session = anonymous and request.user.is_authenticated
    if anonymous and not by_session:
        raise ApiError(401, "Send a token as 'Authorization: Bearer TOKEN', or sign in")
    request.token = None if by_session else authenticate(request)
    request.role = request.token.role if request.token else None
    if request.token:
        require_role(request.token, roles)
    request.as_of = _day(request)


def require_role(token: ApiToken, roles: frozenset[Role]) -> None:
    if token.role not in roles:
        raise ApiError(403, f"A token of the role {token.role} may not do this")


def authenticate(request: HttpRequest) -> ApiToken:
    """The request's token; raises a 401 without one that is known."""
    header = request.headers.get("Authorization", "")
    if not header:
        raise ApiError(401, "Send a token as 'Authorization: Bearer TOKEN'")
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer":
        raise ApiError(401, "The Authorization header must read 'Bearer TOKEN'")
    token = ApiToken.objects.filter(digest=ApiToken.digest_of(text.strip())).first()
    if not token:
        raise ApiError(401, "This token is not known; an administrator may have deleted it")
    today = clock.wall().date()
    if token.last_used_on != today:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=today)
    return token


def _day(request: HttpRequest) -> date:
    text = request.GET.get("as_of", "").strip()
    if not text:
        return clock.today()
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None or not FIRST <= day <= LAST:
        raise ApiError(400, f"as_of must be a day such as 2023-12-08, not {text[:40]!r}", parameter="as_of")
    return day
