"""The details of a caller, as short texts for the line below its name."""

from django.utils.text import Truncator
from django.utils.translation import gettext as _

__all__ = ["caller_details"]

MAX_LENGTH = 60


def caller_details(
    *, team: str = "", key_alias: str = "", service: str = "", user_agent: str = "", tags: str = ""
) -> list[str]:
    """The values that are present, with a label where needed. User agent and tags are truncated."""
    labelled = (
        (_("team %(value)s"), team),
        (_("key %(value)s"), key_alias),
        (_("service %(value)s"), service),
    )
    details = [label % {"value": value} for label, value in labelled if value]
    return details + [Truncator(value).chars(MAX_LENGTH) for value in (user_agent, tags) if value]
