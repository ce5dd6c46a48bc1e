"""The three roles, as groups, and what each may do.

Everyone who is signed in may look at the pages; the permissions below open the admin's lists and forms.
"""

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

__all__ = ["ADMIN", "EDITOR", "VIEWER", "ensure_roles"]

VIEWER, EDITOR, ADMIN = "viewer", "editor", "admin"

OURS = ("core", "catalog", "usage", "findings", "alerts")
EDITABLE = ("catalog", "findings")
EDITABLE_USAGE = ("application", "applicationrule", "source")


def ensure_roles() -> None:
    """Make the groups and give each its permissions; what a person added to a group stays."""
    look = Q(content_type__app_label__in=OURS, codename__startswith="view_")
    edit = Q(content_type__app_label__in=EDITABLE) | Q(
        content_type__app_label="usage", content_type__model__in=EDITABLE_USAGE
    )
    people = Q(content_type__app_label__in=("auth", "access", *OURS))
    for name, rule in ((VIEWER, look), (EDITOR, look | edit), (ADMIN, people)):
        group, _ = Group.objects.get_or_create(name=name)
        _add_missing(group, Permission.objects.filter(rule))


def _add_missing(group: Group, wanted: QuerySet[Permission]) -> None:
    missing = set(wanted.values_list("pk", flat=True)) - set(group.permissions.values_list("pk", flat=True))
    if missing:
        group.permissions.add(*missing)
