"""Choices of findings. Values are public (URLs, JSON); labels are translated."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

__all__ = ["ALIVE", "STATUS_ACTIONS", "Action", "Status"]


class Status(TextChoices):
    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    SNOOZED = "snoozed", _("Snoozed")
    REGRESSED = "regressed", _("Regressed")
    EXEMPT = "exempt", _("Exempt")
    RESOLVED = "resolved", _("Resolved")


class Action(TextChoices):
    ACKNOWLEDGE = "acknowledge", _("acknowledged")
    SNOOZE = "snooze", _("snoozed")
    EXEMPT = "exempt", _("exempted")
    REOPEN = "reopen", _("reopened")
    ASSIGN = "assign", _("assigned")
    COMMENT = "comment", _("commented")


ALIVE = tuple(status for status in Status if status != Status.RESOLVED)
"""Statuses of findings whose application still calls the entry."""

STATUS_ACTIONS = (Action.ACKNOWLEDGE, Action.SNOOZE, Action.EXEMPT, Action.REOPEN)
"""Actions that change the status; the latest one counts."""
