"""Actions of people on a finding. Each action is a row of its history; the finding's status follows from them.

Every function takes the person (`by`, None for a command) and `now`; the action counts from the UTC day of
`now` on. Bad input raises `ValidationError` with the field's name, and nothing is written.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from dashboard.findings.choices import STATUS_ACTIONS, Action
from dashboard.findings.models import Finding, FindingAction

__all__ = ["acknowledge", "assign", "comment", "exempt", "reopen", "snooze"]

LONGEST_NOTE = 4000
LONGEST_SNOOZE = timedelta(days=366)


def acknowledge(
    finding: Finding, by: Any, now: datetime, *, note: str, target: date | None = None
) -> FindingAction:
    """Record that it is being worked on, and optionally by when it will be done."""
    if target and target < now.date():
        raise ValidationError({"target": _("The target date has passed")})
    return _decide(finding, Action.ACKNOWLEDGE, by, now, _note(note), target)


def snooze(finding: Finding, by: Any, now: datetime, *, until: date, note: str = "") -> FindingAction:
    """Hide it until a day, at most a year ahead."""
    if until <= now.date():
        raise ValidationError({"until": _("Choose a day in the future")})
    if until > now.date() + LONGEST_SNOOZE:
        raise ValidationError({"until": _("At most a year; exempt the finding if it shall never come back")})
    return _decide(finding, Action.SNOOZE, by, now, _note(note, required=False), until)


def exempt(finding: Finding, by: Any, now: datetime, *, reason: str) -> FindingAction:
    """Take it off the list, with a reason, until it is reopened."""
    return _decide(finding, Action.EXEMPT, by, now, _note(reason, field="reason"))


def reopen(finding: Finding, by: Any, now: datetime, *, note: str = "") -> FindingAction:
    """End an acknowledgement, a snooze or an exemption."""
    return _decide(finding, Action.REOPEN, by, now, _note(note, required=False))


def assign(finding: Finding, by: Any, now: datetime, *, address: str) -> FindingAction:
    """Send its mail to this address instead of the application's owner; an empty one ends that."""
    address = address.strip()
    if address:
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError({"address": _("Enter a valid email address.")}) from None
    with transaction.atomic():
        finding.assignee = address
        finding.save(update_fields=["assignee"])
        return _record(finding, Action.ASSIGN, by, now, address, None)


def comment(finding: Finding, by: Any, now: datetime, *, text: str) -> FindingAction:
    """Add a remark to its history."""
    return _record(finding, Action.COMMENT, by, now, _note(text, field="text"), None)


def _note(text: str, *, field: str = "note", required: bool = True) -> str:
    text = text.strip().replace("\0", "")
    if required and not text:
        raise ValidationError({field: _("Say why, in a few words")})
    if len(text) > LONGEST_NOTE:
        raise ValidationError({field: _("At most %(limit)d characters") % {"limit": LONGEST_NOTE}})
    return text


def _decide(
    finding: Finding, kind: Action, by: Any, now: datetime, note: str, until: date | None = None
) -> FindingAction:
    with transaction.atomic():
        Finding.objects.select_for_update().get(pk=finding.pk)
        FindingAction.objects.filter(finding=finding, kind__in=STATUS_ACTIONS, superseded_on=None).update(
            superseded_on=now.date()
        )
        return _record(finding, kind, by, now, note, until)


def _record(
    finding: Finding, kind: Action, by: Any, now: datetime, note: str, until: date | None
) -> FindingAction:
    return FindingAction.objects.create(
        finding=finding, kind=kind, on=now.date(), at=now, by=by, note=note, until=until
    )
