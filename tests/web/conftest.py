"""What tests of pages share: a fixed today, people, and a catalog that is read anew."""

from datetime import date

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from dashboard.access.roles import EDITOR, VIEWER, ensure_roles


@pytest.fixture(autouse=True)
def _today(settings):
    settings.SUNDIAL_TODAY = date(2023, 12, 8)


def signed_in(role: str) -> Client:
    ensure_roles()
    user = User.objects.create_user(role)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def viewer(db) -> Client:
    """The browser of somebody who may look."""
    return signed_in(VIEWER)


@pytest.fixture
def editor(db) -> Client:
    """The browser of somebody who may change findings, applications and the catalog."""
    return signed_in(EDITOR)
