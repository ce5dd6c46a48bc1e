"""Who may change things. Everyone who is signed in may look."""

from django.contrib.auth.decorators import permission_required

__all__ = ["EDIT", "editor_required", "may_edit"]

EDIT = "findings.add_findingaction"
"""The permission that editors have and viewers do not; superusers have every permission."""

editor_required = permission_required(EDIT, raise_exception=True)


def may_edit(user) -> bool:
    """Whether `user` acts on findings and applications."""
    return user.has_perm(EDIT)
