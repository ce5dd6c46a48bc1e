"""The three groups and what they open."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from dashboard.access.roles import ADMIN, EDITOR, VIEWER, ensure_roles

pytestmark = pytest.mark.django_db


def may(role: str, permission: str) -> bool:
    user, _ = User.objects.get_or_create(username=f"a-{role}")
    user.groups.set([Group.objects.get(name=role)])
    return User.objects.get(pk=user.pk).has_perm(permission)


def test_each_role_may_do_what_it_is_for_and_no_more():
    ensure_roles()
    assert may(VIEWER, "catalog.view_entry")
    assert not may(VIEWER, "catalog.change_entry")
    assert may(EDITOR, "catalog.change_entry")
    assert may(EDITOR, "usage.change_applicationrule")
    assert may(EDITOR, "findings.add_findingaction")
    assert not may(EDITOR, "usage.delete_dailyrollup")
    assert not may(EDITOR, "auth.change_user")
    assert may(ADMIN, "auth.change_user")
    assert may(ADMIN, "access.add_apitoken")


def test_a_permission_that_a_person_gave_a_role_stays():
    ensure_roles()
    extra = Permission.objects.get(codename="view_user")
    Group.objects.get(name=VIEWER).permissions.add(extra)
    ensure_roles()
    assert may(VIEWER, "auth.view_user")


def test_a_second_run_changes_nothing(django_assert_max_num_queries):
    ensure_roles()
    with django_assert_max_num_queries(9):
        ensure_roles()
