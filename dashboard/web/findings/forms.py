"""What editors do to a finding, as forms: one per act, each with the function that carries it out."""

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

__all__ = ["ACTS", "Act", "carry_out", "offered"]

NOTE = 4000


def _text(label: LabelText, *, required: bool = True) -> forms.CharField:
    widget = forms.Textarea({"class": "textarea", "rows": 3})
    return forms.CharField(label=label, required=required, max_length=NOTE, widget=widget)


def _day(label: LabelText, *, required: bool) -> forms.DateField:
    widget = forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, input_formats=["%Y-%m-%d"])


class AcknowledgeForm(forms.Form):
    note = _text(_("What will be done"))
    target = _day(_("Done by"), required=False)


class SnoozeForm(forms.Form):
    until = _day(_("Until"), required=True)
    note = _text(_("Why"), required=False)


class ExemptForm(forms.Form):
    reason = _text(_("Why this may stay as it is"))


class ReopenForm(forms.Form):
    note = _text(_("Why"), required=False)


class AssignForm(forms.Form):
    address = forms.EmailField(
        label=_("Address; empty gives it back to the owner"),
        required=False,
        widget=forms.EmailInput({"class": "input", "autocomplete": "email"}),
    )


class CommentForm(forms.Form):
    text = _text(_("Comment"))


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its button, its form, and what carries it out."""

    verb: str
    label: LabelText
    done: LabelText
    form_class: type[forms.Form]
    run: Callable[..., Any]

    def form(self, data: QueryDict | None = None, **initial: Any) -> forms.Form:
        return self.form_class(data, initial=initial, auto_id=f"{self.verb}-%s", use_required_attribute=True)


ACTS = {
    act.verb: act
    for act in (
        Act("acknowledge", _("Acknowledge"), _("Acknowledged."), AcknowledgeForm, actions.acknowledge),
        Act("snooze", _("Snooze"), _("Snoozed."), SnoozeForm, actions.snooze),
        Act("exempt", _("Exempt"), _("Exempted."), ExemptForm, actions.exempt),
        Act("reopen", _("Reopen"), _("Reopened."), ReopenForm, actions.reopen),
        Act("assign", _("Assign"), _("Assigned."), AssignForm, actions.assign),
        Act("comment", _("Comment"), _("Comment added."), CommentForm, actions.comment),
    )
}


def offered(finding: Finding, status: str) -> list[tuple[Act, forms.Form]]:
    """The acts that make sense for a finding with this status, each with an empty form."""
    settled = status in {Status.ACKNOWLEDGED, Status.SNOOZED, Status.EXEMPT}
    verbs = ["assign", "comment"]
    if status != Status.RESOLVED:
        verbs = ["acknowledge", "snooze", "exempt", *verbs]
    if settled:
        verbs = ["reopen", *verbs]
    return [(ACTS[verb], ACTS[verb].form(address=finding.assignee)) for verb in verbs]


def carry_out(act: Act, form: forms.Form, finding: Finding, by: Any, now: datetime) -> bool:
    """Do it if the form is right; if not, the form tells why and nothing is done."""
    if not form.is_valid():
        return False
    try:
        act.run(finding, by, now, **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True
