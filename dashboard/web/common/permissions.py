"""Permissions of pages. Every signed-in user may read."""

from django.contrib.auth.decorators import permission_required

__all__ = ["EDIT", "REVIEW", "editor_required", "may_edit"]

EDIT = "findings.add_findingaction"
"""The permission that editors have and viewers do not; superusers have every permission."""

REVIEW = "catalog.change_entry"
"""The permission to decide what enters the catalog."""

editor_required = permission_required(EDIT, raise_exception=True)


def may_edit(user) -> bool:
    """Whether `user` acts on findings and applications."""
    return user.has_perm(EDIT)
