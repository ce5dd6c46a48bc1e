"""Actions on a finding: each has a form and a function in `findings.actions` that runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from dashboard.findings import actions
from dashboard.findings.choices import Status
from dashboard.findings.models import Finding
from dashboard.web.common.filters import LabelText

__all__ = ["ACTIONS", "FindingAction", "available_actions", "run_action"]

NOTE = 4000


def _text(label: LabelText, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea({"class": "textarea", "rows": 3})
    return forms.CharField(label=label, required=required, max_length=NOTE, widget=widget)


def _day(label: LabelText, *, required: bool) -> forms.DateField:
    widget = forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, input_formats=["%Y-%m-%d"])


class AcknowledgeForm(forms.Form):
    note = _text(_("Plan"))
    target = _day(_("Target date"), required=False)


class SnoozeForm(forms.Form):
    until = _day(_("Until"), required=True)
    note = _text(_("Reason"), required=False)


class ExemptForm(forms.Form):
    reason = _text(_("Reason"))


class ReopenForm(forms.Form):
    note = _text(_("Reason"), required=False)


class AssignForm(forms.Form):
    address = forms.EmailField(
        label=_("Email address"),
        required=False,
        help_text=_("Leave empty to send alerts to the owner again."),
        widget=forms.EmailInput({"class": "input", "autocomplete": "email"}),
    )


class CommentForm(forms.Form):
    text = _text(_("Comment"))


@dataclass(frozen=True, slots=True)
class FindingAction:
    """One action: its button, its form, its success message and the function that runs it."""

    verb: str
    label: LabelText
    done: LabelText
    form_class: type[forms.Form]
    run: Callable[..., Any]

    def form(self, data: QueryDict | None = None, **initial: Any) -> forms.Form:
        return self.form_class(data, initial=initial, auto_id=f"{self.verb}-%s", use_required_attribute=True)


ACTIONS = {
    action.verb: action
    for action in (
        FindingAction("acknowledge", _("Acknowledge"), _("Acknowledged."), AcknowledgeForm, actions.acknowledge),
        FindingAction("snooze", _("Snooze"), _("Snoozed."), SnoozeForm, actions.snooze),
        FindingAction("exempt", _("Exempt"), _("Exempted."), ExemptForm, actions.exempt),
        FindingAction("reopen", _("Reopen"), _("Reopened."), ReopenForm, actions.reopen),
        FindingAction("assign", _("Assign"), _("Assigned."), AssignForm, actions.assign),
        FindingAction("comment", _("Comment"), _("Comment added."), CommentForm, actions.comment),
    )
}


def available_actions(finding: Finding, status: str) -> list[tuple[FindingAction, forms.Form]]:
    """The actions available for a finding with this status, each with an unbound form."""
    can_reopen = status in {Status.ACKNOWLEDGED, Status.SNOOZED, Status.EXEMPT}
    verbs = ["assign", "comment"]
    if status != Status.RESOLVED:
        verbs = ["acknowledge", "snooze", "exempt", *verbs]
    if can_reopen:
        verbs = ["reopen", *verbs]
    return [(ACTIONS[verb], ACTIONS[verb].form(address=finding.assignee)) for verb in verbs]


def run_action(action: FindingAction, form: forms.Form, finding: Finding, by: Any, now: datetime) -> bool:
    """Run the action if the form is valid. Returns False, with errors on the form, if it was not run."""
    if not form.is_valid():
        return False
    try:
        action.run(finding, by, now, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True
