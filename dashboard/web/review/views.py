"""/catalog/review/: differences between feeds and the catalog, for editors to accept or reject."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
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
from dashboard.web.review import forms, queries
from dashboard.web.review.queries import ProposalListQuery

__all__ = ["edit", "index"]

PAGE_SIZE = 25
SELECTED = "selected"

reviewer_required = permission_required(REVIEW, raise_exception=True)


class ReviewFilters(FilterForm):
    """Filters of the list."""

    q = SearchField(gettext_lazy("Part of an id"))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        choices = queries.filter_choices()
        self.add_choice("platform", _("Platform"), choices["platform"])
        self.add_choice("feed", _("Feed"), choices["feed"])
        self.add_choice("change", _("Change"), choices["change"])
        self.add_checkbox("called", _("Only models in use"))

    def list_query(self) -> ProposalListQuery:
        return ProposalListQuery(
            self.value("q"),
            self.value("platform"),
            self.value("feed"),
            self.value("change"),
            bool(self.value("called")),
        )


@reviewer_required
def index(request: Request) -> HttpResponse:
    """The list. A POST accepts or rejects one proposal (its id) or the selected ones."""
    if request.method == "POST":
        return _decide(request)
    filters = ReviewFilters(request)
    page = paginate(request, queries.list_proposals(filters.list_query(), request.as_of, request.today), PAGE_SIZE)
    context = {
        "filters": filters,
        "page": page,
        "groups": queries.group_by_platform(page.object_list, request.as_of),
        "read_only": request.as_of != request.today,
    }
    return render(request, "review/list.html", context)


@reviewer_required
def edit(request: Request, pk: int) -> HttpResponse:
    """One proposal, to accept with another value or source."""
    proposal = get_object_or_404(proposals.pending_proposals(), pk=pk)
    form = forms.form_for(proposal, catalog.load(request.today), request.POST or None)
    if request.method == "POST" and form.is_valid():
        decision = proposals.accept_edited_proposal(
            proposal,
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
            messages.success(request, _decision_message(decision, "accept"))
            return redirect("review")
    [group] = queries.group_by_platform([proposal], request.today)
    context = {"form": form, "row": group.rows[0]}
    return render(request, "review/edit.html", context, status=422 if form.errors else 200)


def _decide(request: Request) -> HttpResponse:
    verb = "accept" if "accept" in request.POST else "reject" if "reject" in request.POST else ""
    which = request.POST.get(verb, "")
    ids = request.POST.getlist(SELECTED) if which == SELECTED else [which]
    if not verb or not all(text.isdecimal() and len(text) < 19 for text in ids):
        raise BadRequest
    chosen = list(proposals.pending_proposals().filter(pk__in=ids[: PAGE_SIZE * 4]))
    decide = proposals.accept_proposals if verb == "accept" else proposals.reject_proposals
    decision = decide(chosen, now=clock.now(), by=request.user, note=request.POST.get("note", "").strip())
    if decision.done and verb == "accept":
        enqueue_scan()
    for row, problem in decision.refused:
        messages.error(request, f"{row.platform.slug}/{row.name}: {problem}")
    if decision.done:
        messages.success(request, _decision_message(decision, verb))
    elif not decision.refused:
        nothing = _("Nothing was selected.") if not ids else _("These changes have already been decided.")
        messages.warning(request, nothing)
    return redirect(request.get_full_path())  # the same list with its filters


def _decision_message(decision: ReviewResult, verb: str) -> str:
    n = len(decision.done)
    if verb == "accept":
        words = ngettext("%(n)s change accepted.", "%(n)s changes accepted.", n) % {"n": n}
        return f"{words} {_('Findings are updated within a minute.')}"
    return ngettext("%(n)s change rejected.", "%(n)s changes rejected.", n) % {"n": n}
