"""Parameters and paths that no browser sends on its own: 400 or an empty list, never an error of ours."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.access.models import ApiToken, Role
from tests.factories import NOW, make_application, make_entry

pytestmark = pytest.mark.django_db

LISTS = [
    "/findings/",
    "/applications/",
    "/models/",
    "/uncatalogued/",
    "/sources/",
    "/deadlines/",
    "/timeline/",
    "/catalog/review/",
]
ADMIN_LISTS = [
    "/admin/catalog/entry/",
    "/admin/usage/source/",
    "/admin/usage/application/",
    "/admin/core/auditentry/",
]
ODD = ["((((", "[", "*", "%5C", "%F0%9F%92%A9" * 50, "-1", "9" * 400, "%25%27%22%3B--", "%E2%80%AE", "a" * 1000]
API_FIELDS = ["q", "platform", "status", "application", "page", "page_size", "as_of", "team", "stage"]
FIELDS = ["q", "platform", "team", "status", "stage", "application", "page", "as_of", "sort", "kind", "id__exact"]


@pytest.fixture
def admin() -> Client:
    make_entry("openai/ada")
    make_application("web")
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.mark.parametrize("path", LISTS + ADMIN_LISTS)
def test_a_parameter_with_a_null_character_is_a_bad_request(admin, path):
    for field in FIELDS:
        assert admin.get(f"{path}?{field}=a%00b").status_code == 400, field


@pytest.mark.parametrize(
    "path", ["/models/openai/a%00b/", "/applications/a%00b/", "/admin/usage/source/%00/change/"]
)
def test_a_path_with_a_null_character_is_refused(admin, path):
    assert admin.get(path).status_code in {400, 404}


@pytest.mark.parametrize("path", ["models", "findings", "deadlines", "models/openai/a%00b", "findings/1"])
def test_the_api_answers_odd_parameters_with_json(admin, path):
    token = ApiToken.issue("ci", Role.VIEWER, NOW)
    for value in ["a%00b", *ODD]:
        for field in API_FIELDS:
            response = admin.get(f"/api/v1/{path}?{field}={value}", HTTP_AUTHORIZATION=f"Bearer {token}")
            assert response.status_code < 500, (field, value)
            assert "json" in response["Content-Type"]


@pytest.mark.parametrize("path", LISTS + ADMIN_LISTS)
def test_odd_parameters_are_no_error_of_ours(admin, path):
    for value in ODD:
        query = "&".join(f"{field}={value}" for field in FIELDS)
        assert admin.get(f"{path}?{query}").status_code < 500, value
        assert admin.get(f"{path}?q={value}").status_code < 500, value


def test_a_name_of_5000_characters_does_not_break_signing_in(client):
    response = client.post("/accounts/login/", {"username": "x" * 5000, "password": "y" * 5000})
    assert response.status_code == 200
