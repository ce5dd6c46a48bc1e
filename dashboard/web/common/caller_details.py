"""What a log tells about a caller, as short texts for the line below its name."""

from django.utils.text import Truncator
from django.utils.translation import gettext as _

__all__ = ["caller_details"]

MAX_LENGTH = 60


def caller_details(
    *, team: str = "", key_alias: str = "", service: str = "", user_agent: str = "", tags: str = ""
) -> list[str]:
    """The values that are there, each with its label where it needs one. User agent and tags are cut."""
    labelled = (
        (_("team %(value)s"), team),
        (_("key %(value)s"), key_alias),
        (_("service %(value)s"), service),
    )
    details = [label % {"value": value} for label, value in labelled if value]
    return details + [Truncator(value).chars(MAX_LENGTH) for value in (user_agent, tags) if value]
