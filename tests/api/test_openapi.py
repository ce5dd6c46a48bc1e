"""/api/v1/openapi.json says what the API really answers."""

import subprocess
import sys

import pytest
from django.test import Client

from dashboard.findings.models import Finding
from tests.api.conftest import with_token
from tests.api.json_schema import errors

pytestmark = pytest.mark.django_db

DOCUMENT = "/api/v1/openapi.json"
PATHS = {
    "/api/v1/models": {},
    "/api/v1/models/{platform}/{entry_id}": {"platform": "openai", "entry_id": "text-davinci-003"},
    "/api/v1/deadlines": {},
    "/api/v1/deadlines/{platform}/{sunset_date}": {"platform": "openai", "sunset_date": "2024-01-04"},
    "/api/v1/deadlines/{platform}/{sunset_date}/series": {"platform": "openai", "sunset_date": "2024-01-04"},
    "/api/v1/findings": {},
    "/api/v1/findings/{finding_id}": {},
}


@pytest.fixture
def document() -> dict:
    return Client().get(DOCUMENT).json()


def address(path: str) -> str:
    known = {"finding_id": getattr(Finding.objects.first(), "pk", 0), **PATHS[path]}
    return path.format(**known)


def check(document: dict, path: str, response) -> None:
    operation = document["paths"][path]["get"]
    documented = operation["responses"][str(response.status_code)]["content"]
    ((media_type, content),) = documented.items()
    assert response["Content-Type"].partition(";")[0] == media_type
    assert list(errors(response.json(), content["schema"], document)) == []


def test_the_document_is_open_to_all_and_of_the_version_it_says(document):
    assert document["openapi"].startswith("3.1")
    assert set(document["components"]["securitySchemes"]) == {"BearerToken", "Session"}


def test_there_is_no_page_with_scripts_from_elsewhere(api):
    assert api.get("/api/v1/docs").status_code == 404


def test_every_documented_read_is_tried_here(document):
    assert {path for path, methods in document["paths"].items() if "get" in methods} == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("day", ["2023-12-08", "2024-01-05"])
def test_every_read_answers_as_documented(api, progress_world, document, path, day):
    response = api.get(address(path), {"as_of": day})
    assert response.status_code == 200, response.text
    check(document, path, response)


def test_every_list_has_something_to_check(api, progress_world):
    for path in ("models", "deadlines", "findings"):
        assert api.get(f"/api/v1/{path}").json()["results"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("client", "query", "status"),
    [
        (Client, {}, 401),
        (lambda: with_token("ingest"), {}, 403),
        (lambda: with_token("viewer"), {"as_of": "x"}, 400),
    ],
)
def test_every_mistake_answers_as_documented(progress_world, document, path, client, query, status):
    response = client().get(address(path), query)
    assert response.status_code == status
    check(document, path, response)


@pytest.mark.parametrize("path", PATHS)
def test_every_parameter_is_documented_and_no_other_is_taken(api, progress_world, document, path):
    named = {p["name"]: p for p in document["paths"][path]["get"]["parameters"] if p["in"] == "query"}
    assert "as_of" in named
    assert api.get(address(path), dict.fromkeys(named, "")).status_code == 200  # empty is absent
    for name, parameter in named.items():
        for value in parameter["schema"].get("enum", [])[:2]:
            assert api.get(address(path), {name: value}).status_code == 200
    response = api.get(address(path), {"unknown": "1"})
    assert (response.status_code, response.json()["parameter"]) == (400, "unknown")


def test_the_upload_documents_its_body_and_needs_a_token(document):
    operation = document["paths"]["/api/v1/usage/import"]["post"]
    assert "application/octet-stream" in operation["requestBody"]["content"]
    assert operation["security"] == [{"BearerToken": []}]
    assert {p["name"]: p["required"] for p in operation["parameters"]} == {"source": True, "format": False}


@pytest.mark.slow
def test_commands_start_without_the_frameworks_of_the_web():
    code = (
        "import sys, django; django.setup()\n"
        "print(sorted({'ninja', 'plotly'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
