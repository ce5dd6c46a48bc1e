"""Who may use the JSON API: the token of a role, or the session of somebody who is signed in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from dashboard.access.models import ApiToken, Role
from dashboard.api.errors import ApiError
from dashboard.core import clock

__all__ = ["INGEST_ROLES", "READ_ROLES", "BearerToken", "Session", "authenticate", "require_role"]

READ_ROLES = frozenset({Role.VIEWER, Role.EDITOR})
INGEST_ROLES = frozenset({Role.INGEST, Role.EDITOR})


class BearerToken(HttpBearer):
    """`Authorization: Bearer TOKEN`, of a token with one of `roles`.

    A wrong one is refused, whoever is signed in. Without the header the next kind of authentication is tried.
    """

    openapi_description = "A token made with `manage.py token create NAME --role ROLE` or on the pages"

    def __init__(self, roles: frozenset[Role]) -> None:
        super().__init__()
        self.roles = roles

    def __call__(self, request: HttpRequest) -> ApiToken | None:
        return self.authenticate(request) if request.headers.get("Authorization") else None

    def authenticate(self, request: HttpRequest, token: str = "") -> ApiToken:  # noqa: ARG002  ninja's signature
        known = authenticate(request)
        require_role(known, self.roles)
        return known


class Session(APIKeyCookie):
    """The session of somebody signed in on the pages; only for operations that change nothing (no CSRF check)."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self) -> None:
        super().__init__(csrf=False)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002  ninja's signature
        return request.user if request.user.is_authenticated else None


def authenticate(request: HttpRequest) -> ApiToken:
    """The request's token. Raises a 401 without one that is known."""
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


def require_role(token: ApiToken, roles: frozenset[Role]) -> None:
    if token.role not in roles:
        raise ApiError(403, f"A token of the role {token.role} may not do this")
