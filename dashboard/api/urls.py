"""Addresses below /api/v1/."""

from typing import Any

from django.urls import path

from dashboard.api import catalog, imports
from dashboard.api.auth import ApiRequest, api
from dashboard.api.errors import ApiError

app_name = "api"


@api("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def not_found(request: ApiRequest, rest: str) -> Any:
    raise ApiError(404, f"Nothing is at /api/v1/{rest[:200]}")


urlpatterns = [
    path("models", catalog.index, name="models"),
    path("models/<slug:platform>/<path:entry_id>", catalog.detail, name="model"),
    path("usage/import", imports.import_usage, name="import"),
    path("<path:rest>", not_found),
]
