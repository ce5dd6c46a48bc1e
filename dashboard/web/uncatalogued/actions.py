"""Actions on an unknown model: each has a form, an explanation and a function that runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard.catalog.models import Platform
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings import uncatalogued
from dashboard.findings.uncatalogued import NameOutcome, UncataloguedName
from dashboard.web.uncatalogued.forms import (
    AliasForm,
    DeploymentForm,
    IgnoreForm,
    NameForm,
    NewEntryForm,
    UnignoreForm,
)

__all__ = ["ACTIONS", "NameAction", "available_actions", "run_action"]


def _alias(form: Any, **context: Any) -> str:
    data = form.cleaned_data
    return _outcome_message(
        uncatalogued.make_alias(form.name, data["entry"], source_url=data["source_url"], **context)
    )


def _deployment(form: Any, **context: Any) -> str:
    return _outcome_message(
        uncatalogued.map_deployment(form.name, form.cleaned_data["source"], form.cleaned_data["entry"], **context)
    )


def _entry(form: Any, **context: Any) -> str:
    return _outcome_message(uncatalogued.add_entry(form.name, form.entry(context["today"]), **context))


def _ignore(form: Any, *, by: Any, now: datetime, **_day: date) -> str:
    uncatalogued.ignore_name(form.name, form.cleaned_data["reason"], by=by, now=now)
    return _("“%(name)s” is ignored. Its calls still count as calls to unknown models.") % {
        "name": form.name.called_as
    }


def _unignore(form: Any, *, by: Any, now: datetime, **_day: date) -> str:
    uncatalogued.unignore_name(form.name, by=by, now=now)
    return _("“%(name)s” is no longer ignored.") % {"name": form.name.called_as}


def _outcome_message(outcome: NameOutcome) -> str:
    message = ngettext(
        "%(n)s past call now counts for %(entry)s.",
        "%(n)s past calls now count for %(entry)s.",
        outcome.calls,
    ) % {"n": f"{outcome.calls:,}", "entry": outcome.entry.key}
    if outcome.names > 1:
        message += " " + _("The name appears in %(n)s spellings.") % {"n": outcome.names}
    if not outcome.complete:
        message += " " + _("Charts and findings are updated within a minute.")
    return message


@dataclass(frozen=True, slots=True)
class NameAction:
    """One action on an unknown model. `run` returns the success message.

    `explanation` describes the effect; `%(name)s` in it is the name without known prefixes.
    """

    verb: str
    label: str | Promise
    explanation: str | Promise
    button: str | Promise
    form_class: type[NameForm]
    run: Callable[..., str]
    permissions: tuple[str, ...]

    def form(self, name: UncataloguedName, snapshot: Snapshot, data: Any = None, **initial: Any) -> NameForm:
        form = self.form_class(
            data,
            name=name,
            snapshot=snapshot,
            initial=initial,
            auto_id=f"{self.verb}-%s",
            use_required_attribute=True,
        )
        form.explanation = str(self.explanation) % {"name": name.bare}
        return form


ACTIONS = {
    action.verb: action
    for action in (
        NameAction(
            "alias",
            gettext_lazy("Alias of an existing entry"),
            gettext_lazy(
                "“%(name)s” becomes an alias of the entry. All its calls, past and future, count for that entry, "
                "and findings open where the entry retires."
            ),
            gettext_lazy("Add the alias"),
            AliasForm,
            _alias,
            ("catalog.add_alias",),
        ),
        NameAction(
            "deployment",
            gettext_lazy("Deployment name of one source"),
            gettext_lazy(
                "“%(name)s” is added to the deployment map of one source. It means the entry for calls of that "
                "source only."
            ),
            gettext_lazy("Add to the deployment map"),
            DeploymentForm,
            _deployment,
            ("usage.change_source",),
        ),
        NameAction(
            "entry",
            gettext_lazy("New catalog entry"),
            gettext_lazy("“%(name)s” becomes a new entry. Without a sunset date it counts as active."),
            gettext_lazy("Add the entry"),
            NewEntryForm,
            _entry,
            ("catalog.add_entry",),
        ),
        NameAction(
            "ignore",
            gettext_lazy("Ignore this name"),
            gettext_lazy(
                "“%(name)s” moves to the list of ignored names. Its calls still count as calls to unknown models."
            ),
            gettext_lazy("Ignore"),
            IgnoreForm,
            _ignore,
            ("findings.add_ignoredname",),
        ),
        NameAction(
            "unignore",
            gettext_lazy("Stop ignoring this name"),
            gettext_lazy("“%(name)s” moves back to the list of unknown models."),
            gettext_lazy("Stop ignoring"),
            UnignoreForm,
            _unignore,
            ("findings.delete_ignoredname",),
        ),
    )
}


def available_actions(
    name: UncataloguedName, snapshot: Snapshot, user: Any, *, ignored: bool
) -> list[tuple[NameAction, NameForm]]:
    """The actions that apply to a name and that `user` may run, each with its form."""
    verbs = ["alias", "deployment", "entry"] if name.called_as.strip() else []
    verbs.append("unignore" if ignored else "ignore")
    known = Platform.objects.filter(slug=name.stated_platform).exists()
    initial = {"id": name.bare, "platform": name.stated_platform if known else None}
    return [
        (action, action.form(name, snapshot, **initial))
        for action in (ACTIONS[verb] for verb in verbs)
        if user.has_perms(action.permissions)
    ]


def run_action(action: NameAction, form: NameForm, *, by: Any, now: datetime, today: date) -> str:
    """Run the action and return its success message; "" if the form is invalid and has the errors."""
    if not form.is_valid():
        return ""
    try:
        return action.run(form, by=by, now=now, today=today)
    except ValidationError as error:
        known = getattr(error, "error_dict", {}).keys() <= form.fields.keys()
        form.add_error(None, error if known else error.messages)
        return ""
