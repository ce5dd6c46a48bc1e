"""Who gets through the API's door, and how it turns others away."""

import pytest
from django.test import Client

from dashboard.access.models import ApiToken
from dashboard.api import catalog
from tests.api.conftest import with_token
from tests.web.conftest import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

MODELS = "/api/v1/models"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_tokens_that_may_read_do(role):
    assert with_token(role).get(MODELS).status_code == 200


def test_an_ingest_token_reads_nothing():
    response = with_token("ingest").get(MODELS)
    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")
    assert "ingest" in response.json()["detail"]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Bearer ", "Basic dTpw", "nonsense"])
def test_a_stranger_gets_a_challenge_and_not_a_sign_in_page(header):
    response = Client().get(MODELS, headers={"Authorization": header} if header else {})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_deleted_token_is_worth_nothing(api):
    ApiToken.objects.all().delete()
    assert api.get(MODELS).status_code == 401


def test_somebody_signed_in_needs_no_token():
    assert signed_in("viewer").get(MODELS).status_code == 200


def test_a_wrong_token_is_not_healed_by_a_session():
    assert signed_in("viewer").get(MODELS, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_the_day_a_token_was_last_used_is_kept(api):
    assert ApiToken.objects.get().last_used_on is None
    api.get(MODELS)
    assert ApiToken.objects.get().last_used_on is not None


def test_head_answers_as_get_does(api):
    response = api.head(MODELS)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_another_method_is_refused_with_those_that_work(api, method):
    response = getattr(api, method)(MODELS)
    assert (response.status_code, response["Allow"]) == (405, "GET")
    assert response["Content-Type"] == "application/problem+json"


def test_answers_are_not_shared_between_people(api):
    response = api.get(MODELS)
    assert response["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(response["Vary"].split(", "))


def test_what_breaks_inside_is_a_problem_without_details(api, monkeypatch):
    monkeypatch.setattr(catalog, "paginate", lambda *args: 1 / 0)
    response = api.get(MODELS)
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert "division" not in response.text
