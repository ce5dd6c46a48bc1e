"""Addresses below /api/v1/."""

from typing import Any

from django.urls import path

from dashboard.api import imports, models
from dashboard.api.door import ApiRequest, api
from dashboard.api.problems import ApiError

app_name = "api"


@api("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def nothing(request: ApiRequest, rest: str) -> Any:
    raise ApiError(404, f"Nothing is at /api/v1/{rest[:200]}")


urlpatterns = [
    path("models", models.index, name="models"),
    path("models/<slug:platform>/<path:entry_id>", models.detail, name="model"),
    path("usage/import", imports.take, name="import"),
    path("<path:rest>", nothing),
]
