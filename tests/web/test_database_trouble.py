"""While the database restarts, refuses or is locked, every path answers 503 and says when to try again."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from dashboard.core.health import is_passing_trouble
from tests.web.test_addresses import ask

TROUBLE = [
    OperationalError("connection failed: Connection refused"),
    OperationalError("FATAL:  sorry, too many clients already"),
    OperationalError("terminating connection due to administrator command"),
    OperationalError("database is locked"),
    InterfaceError("connection already closed"),
]


@pytest.fixture
def browser(viewer) -> Client:
    viewer.raise_request_exception = False
    return viewer


def failing(error: Exception):
    def run(*_arguments):
        raise error

    return connection.execute_wrapper(run)


@pytest.mark.django_db
@pytest.mark.parametrize("error", TROUBLE, ids=str)
def test_pages_and_sign_in_answer_503_as_a_page(browser, error):
    stranger = Client(raise_request_exception=False)
    form = {"username": "ada", "password": "x"}
    with failing(error):
        responses = [browser.get(path) for path in ("/", "/sources/", "/findings/1/", "/nothing/", "/admin/")]
        responses += [stranger.post("/accounts/login/", form), stranger.post("/admin/login/", form)]
    for response in responses:
        assert response.status_code == 503
        assert response["Retry-After"] == "10"
        assert "Temporarily unavailable" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("error", TROUBLE, ids=str)
def test_the_api_answers_503_as_a_problem(error):
    client = Client(raise_request_exception=False, headers={"authorization": "Bearer x"})
    with failing(error):
        responses = [client.get(path) for path in ("/api/v1/models", "/api/v1/nothing")]
    for response in responses:
        assert response.status_code == 503
        assert response["Retry-After"] == "10"
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_a_defect_is_still_an_error_of_ours(browser):
    with failing(OperationalError("no such table: usage_source")):
        assert browser.get("/sources/").status_code == 500


def test_trouble_is_seen_behind_the_error_that_it_became():
    hidden = SessionInterrupted("The session was deleted")
    hidden.__context__ = OperationalError("database is locked")
    assert is_passing_trouble(hidden)
    assert not is_passing_trouble(SessionInterrupted("The session was deleted"))
    assert not is_passing_trouble(None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite locks the whole file")
def test_signing_in_while_another_process_holds_sqlite_is_503():
    User.objects.create_user("ada", password="Sunny-pass-2026")
    path = connection.settings_dict["NAME"]
    connection.cursor().execute("PRAGMA busy_timeout = 50")
    client = Client(raise_request_exception=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        form = {"username": "ada", "password": "Sunny-pass-2026"}
        assert client.post("/accounts/login/", form).status_code == 503
        other.execute("ROLLBACK")
    assert client.post("/accounts/login/", form).status_code == 302


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="a server that can end a connection")
def test_the_first_page_after_a_restart_of_postgresql_is_a_page():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    status, _, _ = ask("/accounts/login/")
    assert status.startswith("200")
