"""/uncatalogued/: what is called and nobody has looked up, and what editors make of it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dashboard.catalog import snapshot as catalog
from dashboard.core import clock
from dashboard.findings.uncatalogued import UncataloguedName, last_action, undo_action
from dashboard.web.common.as_of import Request
from dashboard.web.common.filters import FilterForm, HiddenChoice, SearchField, TextField, paginate
from dashboard.web.uncatalogued import forms
from dashboard.web.uncatalogued import queries as query
from dashboard.web.uncatalogued.queries import Wanted

__all__ = ["act", "index", "name", "undo"]

PAGE_SIZE = 25


class NameFilters(FilterForm):
    """Which names to list; to look up or ignored is chosen by chips, so its field is hidden."""

    q = SearchField(_("Part of a name"))
    application = TextField(_("Application"), _("its short name"))
    show = HiddenChoice(("ignored",))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        self.add_choice("platform", _("Platform"), [(platform, platform) for platform in query.platforms()])

    def wanted(self) -> Wanted:
        return Wanted(
            self.value("q"), self.value("platform"), self.value("application"), self.value("show") == "ignored"
        )


def index(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = NameFilters(request)
    wanted = filters.wanted()
    page = paginate(request, query.find(wanted, request.as_of), PAGE_SIZE)
    to_look_up, ignored = query.counts(request.as_of)
    context = {
        "filters": filters,
        "ignored": wanted.ignored,
        "chips": [
            ("", _("To look up"), to_look_up, not wanted.ignored),
            ("ignored", _("Ignored"), ignored, wanted.ignored),
        ],
        "page": page,
        "rows": query.rows(page.object_list, snapshot),
        "share": query.share(request.as_of),
        "acting": request.as_of == request.today,
        "regret": last_action(request.user, clock.now()) if "done" in request.GET else None,
    }
    return render(request, "uncatalogued/list.html", context)


def name(request: Request) -> HttpResponse:
    """One name, `?called=&platform=`, and what can be made of it."""
    return _show(
        request, UncataloguedName(request.GET.get("called", "")[:300], request.GET.get("platform", "")[:60])
    )


@require_POST
def act(request: Request, verb: str) -> HttpResponse:
    """Carry out what an editor asks for; a form with a mistake comes back with it."""
    chosen = forms.ACTS.get(verb)
    if not chosen:
        raise Http404
    if not request.user.has_perms(chosen.permissions):
        raise PermissionDenied
    asked = UncataloguedName(request.POST.get("called_as", "")[:300], request.POST.get("of_platform", "")[:60])
    form = chosen.form(asked, catalog.load(request.today), request.POST)
    told = forms.carry_out(chosen, form, by=request.user, now=clock.now(), today=request.today)
    if not told:
        return _show(request, asked, mistaken=form, verb=verb, status=422)
    messages.success(request, told)
    return _back(show="ignored") if verb == "put-back" else _back(done=verb)


@require_POST
def undo(request: Request) -> HttpResponse:
    """Take back what this person did last, if it is still `change` (its number in the audit log)."""
    last = last_action(request.user, clock.now())
    if not last or str(last.pk) != request.POST.get("change"):
        messages.error(request, _("Something else happened since: undo it in the admin’s history"))
        return _back()
    if not request.user.has_perms(("catalog.delete_alias", "findings.delete_ignoredname")):
        raise PermissionDenied
    try:
        undo_action(last, by=request.user, now=clock.now(), today=request.today)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, _("Taken back: the name is on the list again."))
    return _back()


def _back(**query: str) -> HttpResponse:
    return redirect(f"{reverse('uncatalogued')}?{urlencode(query)}" if query else "uncatalogued")


def _show(
    request: Request, asked: UncataloguedName, *, mistaken: Any = None, verb: str = "", status: int = 200
) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    row = query.one(asked, snapshot)
    if not row:
        raise Http404
    acting = request.as_of == request.today
    offers = forms.offered(asked, snapshot, request.user, ignored=row.ignored is not None) if acting else []
    context = {
        "name": asked,
        "row": row,
        "forms": [(act, mistaken if act.verb == verb else form, act.verb == verb) for act, form in offers],
        "elsewhen": not acting,
    }
    return render(request, "uncatalogued/detail.html", context, status=status)
