"""Addresses below /api/v1/."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from dashboard.api import catalog, deadlines, findings, imports
from dashboard.api.auth import READ_ROLES, BearerToken, Session
from dashboard.api.errors import ApiError
from dashboard.api.framework import SundialAPI, api_view

app_name = "api"

api = SundialAPI(
    version="1",
    description="How long each AI model has left, who still calls it, and whether they will be off in time. "
    "Days are UTC. Errors are problems as RFC 9457 describes them.",
)
for router in (catalog.router, deadlines.router, findings.router, imports.router):
    api.add_router("", router)


@api_view
def not_found(request: HttpRequest, rest: str) -> HttpResponse:
    if not BearerToken(READ_ROLES)(request) and not Session()(request):
        raise ApiError(401, "Send a token as 'Authorization: Bearer TOKEN', or sign in")
    raise ApiError(404, f"Nothing is at /api/v1/{rest[:200]}")


urlpatterns = [*api.patterns(), path("<path:rest>", not_found)]
