"""Whether a failed call was answered that its model no longer exists."""

import re

__all__ = ["GONE_STATUS", "reports_model_gone"]

GONE_STATUS = frozenset({404, 410})
_WORDS = re.compile(
    rb"model_not_found|model_?deprecated|deprecated|decommissioned|shut ?down|retired|end of (?:its )?life"
    rb"|no longer (?:available|supported)|DeploymentNotFound",
    re.IGNORECASE,
)


def reports_model_gone(words: bytes | str | None) -> bool:
    """Whether an error's own words say so. Ask only about calls that failed."""
    if not words:
        return False
    return bool(_WORDS.search(words if isinstance(words, bytes) else words.encode("utf-8", "replace")))
