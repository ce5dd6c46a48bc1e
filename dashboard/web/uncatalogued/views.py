"""/uncatalogued/: unknown models, and the actions that give them a meaning."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.snapshot import Snapshot
from dashboard.core import clock
from dashboard.findings.uncatalogued import UncataloguedName, last_action, undo_action
from dashboard.web.common.as_of import Request
from dashboard.web.common.filters import FilterForm, HiddenChoice, SearchField, TextField, paginate
from dashboard.web.uncatalogued import actions, queries
from dashboard.web.uncatalogued.queries import UnknownNameListQuery

__all__ = ["index", "name", "run_action", "undo"]

PAGE_SIZE = 25


class NameFilters(FilterForm):
    """Filters of the list. Ignored or not is a hidden field: chips set it."""

    q = SearchField(_("Part of a name"))
    application = TextField(_("Application"), _("short name"))
    show = HiddenChoice(("ignored",))

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        self.add_choice("platform", _("Platform"), queries.platform_choices(snapshot))

    def list_query(self) -> UnknownNameListQuery:
        return UnknownNameListQuery(
            self.value("q"), self.value("platform"), self.value("application"), self.value("show") == "ignored"
        )


def index(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = NameFilters(request, snapshot)
    list_query = filters.list_query()
    page = paginate(request, queries.list_names(list_query, request.as_of), PAGE_SIZE)
    unknown, ignored = queries.count_names(request.as_of)
    context = {
        "filters": filters,
        "ignored": list_query.ignored,
        "chips": [
            ("", _("Not ignored"), unknown, not list_query.ignored),
            ("ignored", _("Ignored"), ignored, list_query.ignored),
        ],
        "page": page,
        "rows": queries.name_rows(page.object_list, snapshot),
        "share": queries.uncatalogued_share(request.as_of),
        "read_only": request.as_of != request.today,
        "undoable": last_action(request.user, clock.now()) if "done" in request.GET else None,
    }
    return render(request, "uncatalogued/list.html", context)


def name(request: Request) -> HttpResponse:
    """The page of one name, `?called=&platform=`, with its actions."""
    return _show(request, _requested_name(request.GET, "called", "platform"))


@require_POST
def run_action(request: Request, verb: str) -> HttpResponse:
    """Run an action of an editor. An invalid form is shown again with its errors."""
    action = actions.ACTIONS.get(verb)
    if not action:
        raise Http404
    if not request.user.has_perms(action.permissions):
        raise PermissionDenied
    name = _requested_name(request.POST, "called_as", "of_platform")
    form = action.form(name, catalog.load(request.today), request.POST)
    message = actions.run_action(action, form, by=request.user, now=clock.now(), today=request.today)
    if not message:
        return _show(request, name, invalid_form=form, verb=verb, status=422)
    messages.success(request, message)
    return _redirect_to_list(show="ignored") if verb == "unignore" else _redirect_to_list(done=verb)


@require_POST
def undo(request: Request) -> HttpResponse:
    """Undo the last action of this user, if it is still the audit entry named by `change`."""
    last = last_action(request.user, clock.now())
    if not last or str(last.pk) != request.POST.get("change"):
        messages.error(request, _("There has been a later change. Undo this one from the history in the admin."))
        return _redirect_to_list()
    if not request.user.has_perms(("catalog.delete_alias", "findings.delete_ignoredname")):
        raise PermissionDenied
    try:
        undo_action(last, by=request.user, now=clock.now(), today=request.today)
    except ValidationError as problem:
        messages.error(request, " ".join(problem.messages))
    else:
        messages.success(request, _("Undone. The name is in the list again."))
    return _redirect_to_list()


def _requested_name(data: QueryDict, name_field: str, platform_field: str) -> UncataloguedName:
    return UncataloguedName(data.get(name_field, "")[:300], data.get(platform_field, "")[:60])


def _redirect_to_list(**query: str) -> HttpResponse:
    return redirect(f"{reverse('uncatalogued')}?{urlencode(query)}" if query else "uncatalogued")


def _show(
    request: Request, name: UncataloguedName, *, invalid_form: Any = None, verb: str = "", status: int = 200
) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    row = queries.load_name(name, snapshot)
    if not row:
        raise Http404
    read_only = request.as_of != request.today
    available = []
    if not read_only:
        available = actions.available_actions(name, snapshot, request.user, ignored=row.ignored is not None)
    context = {
        "name": name,
        "row": row,
        "forms": [(action, invalid_form if action.verb == verb else form) for action, form in available],
        "read_only": read_only,
    }
    return render(request, "uncatalogued/detail.html", context, status=status)
