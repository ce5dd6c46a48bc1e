"""Labels of the audit log's fields, and strings of other packages that have no Chinese there."""

from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from dashboard.catalog.choices import MilestoneKind

__all__ = ["ACTIONS", "LOGGED", "OTHERS", "action_word", "field_word", "value_words"]

OTHERS = (
    gettext_noop("access attempt"),
    gettext_noop("access attempts"),
    gettext_noop("access failure"),
    gettext_noop("access failures"),
    gettext_noop("access log"),
    gettext_noop("access logs"),
    gettext_noop("User Agent"),
    gettext_noop("IP Address"),
    gettext_noop("Username"),
    gettext_noop("HTTP Accept"),
    gettext_noop("Path"),
    gettext_noop("Attempt Time"),
    gettext_noop("GET Data"),
    gettext_noop("POST Data"),
    gettext_noop("Failed Logins"),
    gettext_noop("Logout Time"),
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
)
"""Words of Django and of django-axes that have no Chinese there."""

LOGGED = frozenset(
    {
        gettext_noop("called as"),
        gettext_noop("case sensitive"),
        gettext_noop("owner"),
        gettext_noop("replacements"),
        gettext_noop("url"),
    }
)
"""Fields of the audit log that are no names of columns."""

ACTIONS = frozenset({gettext_noop("added"), gettext_noop("changed"), gettext_noop("removed")})


def field_word(name: str) -> str:
    """A field as the audit log keeps it (`known_on`, `sunset (us-east-1)`), as people say it."""
    step, bracket, region = name.partition(" (")
    if step in MilestoneKind.values:
        return f"{MilestoneKind(step).label}{bracket}{region}"
    return str(capfirst(gettext(name.replace("_", " "))))


def action_word(action: str) -> str:
    """What happened to an object, in the reader's language."""
    return gettext(action) if action in ACTIONS else action


def value_words(value: object) -> object:
    """A list as people write it; other values as they are."""
    return ", ".join(map(str, value)) if isinstance(value, list) else value
