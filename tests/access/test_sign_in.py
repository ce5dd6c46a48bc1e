"""Guessing passwords is limited however it is done, and nobody can lock somebody else out of their own browser."""

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.urls import reverse

from dashboard.access.roles import ADMIN, ensure_roles
from dashboard.access.sign_in import ADDRESS_LIMIT, DEVICE_COOKIE, client_address
from dashboard.env import Environment

pytestmark = pytest.mark.django_db

LIMIT = django_settings.AXES_FAILURE_LIMIT
PASSWORD = "correct-horse-1"


@pytest.fixture
def grace() -> User:
    return User.objects.create_user("grace", password=PASSWORD)


def attempt(client: Client, password: str = "wrong", name: str = "grace", **extra) -> int:
    return client.post("/accounts/login/", {"username": name, "password": password}, **extra).status_code


def test_an_account_is_locked_however_many_addresses_guess(grace):
    for number in range(LIMIT):
        attempt(Client(), REMOTE_ADDR=f"203.0.113.{number}")
    assert attempt(Client(), PASSWORD, REMOTE_ADDR="198.51.100.1") == 429


def test_a_spray_over_many_names_from_one_address_is_throttled(grace):
    codes = [
        attempt(Client(), name=f"user-{number}", REMOTE_ADDR="203.0.113.9") for number in range(ADDRESS_LIMIT)
    ]
    assert codes[-1] == 429
    assert attempt(Client(), PASSWORD, REMOTE_ADDR="203.0.113.9") == 429
    assert attempt(Client(), PASSWORD, REMOTE_ADDR="203.0.113.10") == 302


def test_a_forged_header_changes_no_address(grace):
    for number in range(ADDRESS_LIMIT):
        attempt(Client(), name=f"user-{number}", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert attempt(Client(), name="another", HTTP_X_FORWARDED_FOR="8.8.8.8") == 429


def test_a_locked_account_can_still_sign_in_from_a_known_device(grace):
    own = Client()
    assert attempt(own, PASSWORD) == 302
    own.post("/accounts/logout/")
    for _ in range(LIMIT):
        attempt(Client())
    assert attempt(Client(), PASSWORD) == 429
    assert attempt(own, PASSWORD) == 302


def test_guessing_from_a_known_device_is_limited_too(grace):
    own = Client()
    attempt(own, PASSWORD)
    own.post("/accounts/logout/")
    for _ in range(LIMIT):
        attempt(own)
    assert attempt(own, PASSWORD) == 429


def test_a_device_is_known_for_its_own_account_only_and_cannot_be_forged(grace):
    User.objects.create_user("eve", password=PASSWORD)
    eve = Client()
    assert attempt(eve, PASSWORD, "eve") == 302
    assert eve.cookies[DEVICE_COOKIE]["httponly"]
    eve.post("/accounts/logout/")
    for _ in range(LIMIT):
        attempt(Client())
    assert attempt(eve, PASSWORD) == 429
    forged = Client()
    forged.cookies[DEVICE_COOKIE] = '["grace", "1"]:x:y'
    assert attempt(forged, PASSWORD) == 429


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.1", "8.8.8.8", "203.0.113.1"),
        ("10.0.0.1", "8.8.8.8", "8.8.8.8"),
        ("10.0.0.1", "1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.1", "8.8.8.8, 10.0.0.2", "8.8.8.8"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "8.8.8.8, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "8.8.8.8", None),
    ],
)
def test_the_client_address_is_the_nearest_that_is_no_trusted_proxy(settings, peer, forwarded, expected):
    settings.SUNDIAL_TRUSTED_PROXIES = Environment({"X": "10.0.0.0/8"}).networks("X")
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


# Superusers ---------------------------------------------------------------------------------------------------


@pytest.fixture
def administrator(client) -> Client:
    """A member of the role group `admin` who is no superuser."""
    ensure_roles()
    user = User.objects.create_user("boss", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=ADMIN))
    client.force_login(user)
    return client


def user_form(name: str) -> dict[str, str]:
    stamps = {"date_joined_0": "2026-11-28", "date_joined_1": "07:00:00"}
    return {"username": name, "is_active": "on", "is_staff": "on", "is_superuser": "on", **stamps}


@pytest.mark.parametrize("name", ["boss", "grace"])
def test_an_administrator_raises_nobody_to_superuser(administrator, grace, name):
    url = reverse("admin:auth_user_change", args=[User.objects.get(username=name).pk])
    assert 'name="is_superuser"' not in administrator.get(url).text
    assert administrator.post(url, user_form(name)).status_code == 302
    user = User.objects.get(username=name)
    assert (user.is_superuser, user.is_staff) == (False, True)


def test_an_administrator_changes_no_superuser(administrator):
    root = User.objects.create_superuser("root", password=PASSWORD)
    before = root.password
    urls = [reverse(f"admin:auth_user_{name}", args=[root.pk]) for name in ("change", "delete")]
    new = {
        "password1": "another-horse-2",
        "password2": "another-horse-2",
        "usable_password": "true",
        "post": "yes",
    }
    for url in (*urls, reverse("admin:auth_user_password_change", args=[root.pk])):
        assert administrator.post(url, user_form("root") | new).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [root.pk], "post": "yes"}
    administrator.post(reverse("admin:auth_user_changelist"), action)
    root.refresh_from_db()
    assert (root.password, root.is_superuser) == (before, True)


def test_a_superuser_still_raises_others(client, grace):
    client.force_login(User.objects.create_superuser("root", password=PASSWORD))
    client.post(reverse("admin:auth_user_change", args=[grace.pk]), user_form("grace"))
    grace.refresh_from_db()
    assert grace.is_superuser
