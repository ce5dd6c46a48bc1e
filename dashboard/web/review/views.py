"""/catalog/review/: what feeds say otherwise than the catalog, for editors to decide."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.feeds import proposals
from dashboard.catalog.feeds.proposals import ReviewResult
from dashboard.core import clock
from dashboard.findings.enqueue import enqueue_scan
from dashboard.web.common.as_of import Request
from dashboard.web.common.filters import FilterForm, SearchField, paginate
from dashboard.web.common.permissions import REVIEW
from dashboard.web.review import forms
from dashboard.web.review import queries as query
from dashboard.web.review.queries import Wanted

__all__ = ["edit", "index"]

PAGE_SIZE = 25
SELECTED = "selected"

reviewer_required = permission_required(REVIEW, raise_exception=True)


class ReviewFilters(FilterForm):
    """Which proposals to list."""

    q = SearchField(gettext_lazy("Part of an id"))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        choices = query.choices()
        self.add_choice("platform", _("Platform"), choices["platform"])
        self.add_choice("feed", _("Feed"), choices["feed"])
        self.add_choice("change", _("What changes"), choices["change"])
        self.add_checkbox("called", _("Only what is called"))

    def wanted(self) -> Wanted:
        return Wanted(
            self.value("q"),
            self.value("platform"),
            self.value("feed"),
            self.value("change"),
            bool(self.value("called")),
        )


@reviewer_required
def index(request: Request) -> HttpResponse:
    """The list; a POST accepts or rejects one proposal (its id) or those that are ticked."""
    if request.method == "POST":
        return _decide(request)
    filters = ReviewFilters(request)
    page = paginate(request, query.find(filters.wanted(), request.as_of, request.today), PAGE_SIZE)
    context = {
        "filters": filters,
        "page": page,
        "groups": query.groups(page.object_list, request.as_of),
        "acting": request.as_of == request.today,
    }
    return render(request, "review/list.html", context)


@reviewer_required
def edit(request: Request, pk: int) -> HttpResponse:
    """One proposal, to be accepted with another value or source."""
    found = proposals.pending_proposals().filter(pk=pk).first()
    if not found:
        raise Http404
    form = forms.form_for(found, catalog.load(request.today), request.POST or None)
    if request.method == "POST" and form.is_valid():
        decision = proposals.accept_edited_proposal(
            found,
            new=form.value(),
            source_url=form.cleaned_data["source_url"],
            now=clock.now(),
            by=request.user,
            note=form.cleaned_data["note"],
        )
        for _row, problem in decision.refused:
            form.add_error(None, str(problem))
        if not decision.refused:
            enqueue_scan()
            messages.success(request, _told(decision, "accept"))
            return redirect("review")
    [group] = query.groups([found], request.today)
    context = {"form": form, "row": group.rows[0]}
    return render(request, "review/edit.html", context, status=422 if form.errors else 200)


def _decide(request: Request) -> HttpResponse:
    verb = "accept" if "accept" in request.POST else "reject" if "reject" in request.POST else ""
    which = request.POST.get(verb, "")
    ids = request.POST.getlist(SELECTED) if which == SELECTED else [which]
    if not verb or not all(text.isdecimal() and len(text) < 19 for text in ids):
        raise BadRequest
    found = list(proposals.pending_proposals().filter(pk__in=ids[: PAGE_SIZE * 4]))
    act = proposals.accept_proposals if verb == "accept" else proposals.reject_proposals
    decision = act(found, now=clock.now(), by=request.user, note=request.POST.get("note", "").strip())
    if decision.done and verb == "accept":
        enqueue_scan()
    for row, problem in decision.refused:
        messages.error(request, f"{row.platform.slug}/{row.name}: {problem}")
    if decision.done:
        messages.success(request, _told(decision, verb))
    elif not decision.refused:
        nothing = _("Nothing was selected.") if not ids else _("That has been decided already.")
        messages.warning(request, nothing)
    return redirect(request.get_full_path())  # the same list with its filters


def _told(decision: ReviewResult, verb: str) -> str:
    n = len(decision.done)
    if verb == "accept":
        words = ngettext("%(n)s change accepted.", "%(n)s changes accepted.", n) % {"n": n}
        return f"{words} {_('Findings follow within a minute.')}"
    return ngettext("%(n)s change rejected.", "%(n)s changes rejected.", n) % {"n": n}
