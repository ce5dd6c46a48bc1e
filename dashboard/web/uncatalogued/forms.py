"""What editors make of a name that nobody has looked up, as forms: one per act, each says what it will do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from dashboard.catalog.choices import Kind
from dashboard.catalog.documents import EntryDoc, MilestoneDoc, RevisionDoc
from dashboard.catalog.files.values import FIRST_YEAR, LAST_YEAR
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.models import Platform
from dashboard.catalog.names.resolve import suggest
from dashboard.catalog.snapshot import Snapshot
from dashboard.findings import uncatalogued
from dashboard.findings.uncatalogued import NameOutcome, UncataloguedName
from dashboard.usage.models import Source

__all__ = ["ACTS", "Act", "NameForm", "carry_out", "offered"]

_INPUT = {"class": "input"}


class NameForm(forms.Form):
    """A form about one name, on one day's catalog."""

    def __init__(self, *args: Any, name: UncataloguedName, snapshot: Snapshot, **kwargs: Any) -> None:
        self.name, self.snapshot = name, snapshot
        super().__init__(*args, **kwargs)


class TargetForm(NameForm):
    """Chooses an entry: `close` is the button of one with a like id, `target` what somebody typed.

    The buttons belong to a form of their own, so that Enter in the field never presses one of them.
    """

    closes = True

    target = forms.CharField(
        label=gettext_lazy("Another entry: platform/id, or an id of the same platform"),
        required=False,
        max_length=300,
        widget=forms.TextInput(_INPUT),
    )
    close = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("close") or cleaned.get("target", "")
        if not text and not self.errors:
            self.add_error("target", _("Name the entry that it means"))
        elif text:
            cleaned["entry"] = self._entry(text)
        return cleaned

    def _entry(self, text: str) -> EntryState | None:
        platform, _slash, entry_id = text.partition("/")
        found = self.snapshot.get(platform, entry_id) or self.snapshot.get(self.name.hint, text)
        if not found:
            close = ", ".join(one.platform + "/" + one.id for one in suggest(text, "", self.snapshot.names))
            message = _("The catalog has no entry “%(text)s”.") % {"text": text}
            hint = _("Close are: %(names)s") % {"names": close} if close else ""
            self.add_error("target", f"{message} {hint}".strip())
        return found


class AliasForm(TargetForm):
    source_url = forms.URLField(
        label=gettext_lazy("Where that is written, if it is"),
        required=False,
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(_INPUT),
    )


class DeploymentForm(TargetForm):
    field_order = ("source",)
    source = forms.ModelChoiceField(
        label=pgettext_lazy("of usage", "Source"),
        queryset=Source.objects.none(),
        widget=forms.Select({"class": "select"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sources = self.name.sources
        field: Any = self.fields["source"]
        field.queryset = self.sources
        field.empty_label = None

    @property
    def only_source(self) -> Source | None:
        """The source, where there is nothing to choose."""
        found = list(self.sources[:2])
        return found[0] if len(found) == 1 else None

    @property
    def closes(self) -> bool:  # type: ignore[override]
        return self.only_source is not None


class IgnoreForm(NameForm):
    reason = forms.CharField(
        label=gettext_lazy("Why nobody needs to look it up"), max_length=300, widget=forms.TextInput(_INPUT)
    )


class NewEntryForm(NameForm):
    platform = forms.ModelChoiceField(
        label=gettext_lazy("Platform"),
        queryset=Platform.objects.order_by("slug"),
        to_field_name="slug",
        widget=forms.Select({"class": "select"}),
    )
    id = forms.CharField(label=gettext_lazy("Id"), max_length=200, widget=forms.TextInput(_INPUT))
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=Kind.choices, widget=forms.Select({"class": "select"})
    )
    sunset = forms.DateField(
        label=gettext_lazy("Sunset, if one is announced"),
        required=False,
        widget=forms.DateInput({"class": "input", "type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    source_url = forms.CharField(
        label=gettext_lazy("Where that is written"),
        required=False,
        max_length=500,
        validators=[URLValidator(["http", "https"])],
        widget=forms.URLInput(_INPUT),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        sunset = cleaned.get("sunset")
        if sunset and not FIRST_YEAR <= sunset.year <= LAST_YEAR:
            self.add_error("sunset", _("That year cannot be right"))
        if sunset and "source_url" in cleaned and not cleaned["source_url"]:
            self.add_error("source_url", _("Say where this is written: every date carries its source"))
        return cleaned

    def entry(self, today: date) -> EntryDoc:
        told = self.cleaned_data
        entry = EntryDoc(told["platform"].slug, told["id"], kind=told["kind"], given=frozenset({"kind"}))
        if not told["source_url"]:
            return entry
        steps = (MilestoneDoc("sunset", told["sunset"]),) if told["sunset"] else ()
        return replace(entry, history=(RevisionDoc(today, told["source_url"], milestones=steps),))


class PutBackForm(NameForm):
    pass


def _alias(form: Any, **who: Any) -> str:
    told = form.cleaned_data
    return _told(uncatalogued.make_alias(form.name, told["entry"], source_url=told["source_url"], **who))


def _deployment(form: Any, **who: Any) -> str:
    return _told(
        uncatalogued.map_deployment(form.name, form.cleaned_data["source"], form.cleaned_data["entry"], **who)
    )


def _entry(form: Any, **who: Any) -> str:
    return _told(uncatalogued.add_entry(form.name, form.entry(who["today"]), **who))


def _ignore(form: Any, *, by: Any, now: datetime, **_day: date) -> str:
    uncatalogued.ignore_name(form.name, form.cleaned_data["reason"], by=by, now=now)
    return _("“%(name)s” is ignored. Its calls still count as uncatalogued.") % {"name": form.name.called_as}


def _put_back(form: Any, *, by: Any, now: datetime, **_day: date) -> str:
    uncatalogued.unignore_name(form.name, by=by, now=now)
    return _("“%(name)s” is back on the list.") % {"name": form.name.called_as}


def _told(outcome: NameOutcome) -> str:
    words = ngettext(
        "%(n)s call of the past now belongs to %(entry)s.",
        "%(n)s calls of the past now belong to %(entry)s.",
        outcome.calls,
    ) % {"n": f"{outcome.calls:,}", "entry": outcome.entry.key}
    if outcome.names > 1:
        words += " " + _("The name was logged in %(n)s ways.") % {"n": outcome.names}
    if not outcome.complete:
        words += " " + _("Charts and findings follow within a minute.")
    return words


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its heading, its form, what carries it out (and tells what came of it), who may."""

    verb: str
    label: str | Promise
    form_class: type[NameForm]
    run: Callable[..., str]
    permissions: tuple[str, ...]

    def form(self, name: UncataloguedName, snapshot: Snapshot, data: Any = None, **initial: Any) -> NameForm:
        return self.form_class(
            data,
            name=name,
            snapshot=snapshot,
            initial=initial,
            auto_id=f"{self.verb}-%s",
            use_required_attribute=True,
        )


ACTS = {
    act.verb: act
    for act in (
        Act("alias", gettext_lazy("It is another name of an entry"), AliasForm, _alias,
            ("catalog.add_alias",)),
        Act("deployment", gettext_lazy("It is a deployment of one source"), DeploymentForm, _deployment,
            ("usage.change_source",)),
        Act("entry", gettext_lazy("It is a model of its own"), NewEntryForm, _entry,
            ("catalog.add_entry",)),
        Act("ignore", gettext_lazy("Nobody needs to look it up"), IgnoreForm, _ignore,
            ("findings.add_ignoredname",)),
        Act("put-back", gettext_lazy("Put it back on the list"), PutBackForm, _put_back,
            ("findings.delete_ignoredname",)),
    )
}  # fmt: skip


def offered(name: UncataloguedName, snapshot: Snapshot, user: Any, *, ignored: bool) -> list[tuple[Act, NameForm]]:
    """The acts that make sense for a name and that `user` may do, each with its form."""
    verbs = ["alias", "deployment", "entry"] if name.called_as.strip() else []
    verbs.append("put-back" if ignored else "ignore")
    known = Platform.objects.filter(slug=name.hint).exists()
    initial = {"id": name.bare, "platform": name.hint if known else None}
    return [
        (act, act.form(name, snapshot, **initial))
        for act in (ACTS[verb] for verb in verbs)
        if user.has_perms(act.permissions)
    ]


def carry_out(act: Act, form: NameForm, *, by: Any, now: datetime, today: date) -> str:
    """Do it and tell what came of it; "" when the form is wrong, which then tells why."""
    if not form.is_valid():
        return ""
    try:
        return act.run(form, by=by, now=now, today=today)
    except ValidationError as error:
        known = getattr(error, "error_dict", {}).keys() <= form.fields.keys()
        form.add_error(None, error if known else error.messages)
        return ""
