"""The link that makes the first administrator, once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import connection

from dashboard.access import setup_link
from dashboard.access.setup_link import SetupLinkError

NOW = datetime(2024, 1, 2, 9, tzinfo=UTC)
PASSWORD = "correct horse battery"

pytestmark = pytest.mark.django_db


def test_the_link_makes_an_administrator_who_can_sign_in(client):
    token = setup_link.issue_token(NOW)
    user = setup_link.create_first_user(token, "ada", PASSWORD, NOW + timedelta(minutes=5))
    assert (user.is_superuser, user.is_staff) == (True, True)
    assert [group.name for group in user.groups.all()] == ["admin"]
    client.force_login(user)
    assert user.check_password(PASSWORD)


def test_the_link_works_once():
    token = setup_link.issue_token(NOW)
    setup_link.create_first_user(token, "ada", PASSWORD, NOW)
    with pytest.raises(SetupLinkError, match="has been used"):
        setup_link.create_first_user(token, "eve", PASSWORD, NOW)
    assert User.objects.count() == 1


def test_any_link_is_dead_while_there_is_a_user():
    User.objects.create_user("grace")
    assert not setup_link.is_setup_open()
    with pytest.raises(SetupLinkError, match="has been used"):
        setup_link.check_token(setup_link.issue_token(NOW), NOW)


def test_the_link_lives_for_a_day():
    token = setup_link.issue_token(NOW)
    setup_link.check_token(token, NOW + timedelta(hours=23, minutes=59))
    with pytest.raises(SetupLinkError, match="expired"):
        setup_link.check_token(token, NOW + timedelta(hours=24, minutes=1))


@pytest.mark.parametrize("token", ["", "x", "e30:forged", "äöü", "a:b:c", "\x00"])
def test_a_forged_link_is_refused(token):
    with pytest.raises(SetupLinkError, match="not one that Sundial made"):
        setup_link.check_token(token, NOW)


def test_a_link_signed_with_another_key_is_refused(settings):
    token = setup_link.issue_token(NOW)
    setup_link.check_token(token, NOW)
    changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    with pytest.raises(SetupLinkError, match="not one that Sundial made"):
        setup_link.check_token(changed, NOW)


@pytest.mark.parametrize(
    ("username", "password", "field"),
    [("", PASSWORD, "username"), ("a b", PASSWORD, "username"), ("ada", "12345", "password")],
)
def test_a_bad_name_or_password_makes_nobody_and_leaves_the_link_usable(username, password, field):
    token = setup_link.issue_token(NOW)
    with pytest.raises(ValidationError) as error:
        setup_link.create_first_user(token, username, password, NOW)
    assert field in error.value.message_dict
    assert setup_link.is_setup_open()
    setup_link.create_first_user(token, "ada", PASSWORD, NOW)


@pytest.mark.django_db(transaction=True)
def test_two_visitors_at_once_make_one_user():
    token = setup_link.issue_token(NOW)
    barrier = threading.Barrier(2)
    outcomes = []

    def visit(name: str) -> None:
        barrier.wait()
        try:
            outcomes.append(setup_link.create_first_user(token, name, PASSWORD, NOW).username)
        except SetupLinkError:
            outcomes.append(None)
        finally:
            connection.close()

    visitors = [threading.Thread(target=visit, args=(name,)) for name in ("ada", "eve")]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert outcomes.count(None) == 1
    assert User.objects.count() == 1
