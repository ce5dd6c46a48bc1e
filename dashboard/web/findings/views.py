"""/findings/ and /findings/<id>/: applications that call retiring models, and actions on them."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.snapshot import Snapshot
from dashboard.core import clock
from dashboard.findings.models import Finding
from dashboard.web.common.as_of import Request
from dashboard.web.common.csv_export import LIMIT, csv_response
from dashboard.web.common.filters import FilterForm, HiddenChoice, SearchField, paginate, team_choices
from dashboard.web.common.finding_rows import FindingRow, finding_rows
from dashboard.web.common.permissions import editor_required, may_edit
from dashboard.web.findings import detail, queries
from dashboard.web.findings import forms as action_forms
from dashboard.web.findings.queries import FindingListQuery

__all__ = ["finding", "index", "run_action"]

COLUMNS = (
    "id", "application", "team", "owner", "platform", "entry", "kind", "status", "sunset_date", "days_left",
    "on_sunset", "opened_on", "last_call_on", "calls_7d",
)  # fmt: skip
WITHIN = (7, 14, 30, 60, 90)


class FindingFilters(FilterForm):
    """Filters of the list. The status is a hidden field: chips set it."""

    q = SearchField(_("Application, model or email address"))
    status = HiddenChoice(("all", *queries.STATUSES))

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = sorted({(entry.platform, entry.platform_name) for entry in snapshot.retiring.values()})
        self.add_choice("platform", _("Platform"), platforms)
        self.add_choice("team", _("Team"), team_choices())
        within = [(str(days), _("%(n)s days") % {"n": days}) for days in WITHIN]
        self.add_choice("within", _("Sunset within"), within)

    def list_query(self) -> FindingListQuery:
        within = self.value("within")
        return FindingListQuery(
            text=self.value("q"),
            platform=self.value("platform"),
            team=self.value("team"),
            status=self.value("status"),
            within=int(within) if within else None,
        )


def index(request: Request) -> HttpResponseBase:
    snapshot = catalog.load(request.as_of)
    filters = FindingFilters(request, snapshot)
    list_query = filters.list_query()
    matching = queries.matching_findings(list_query, snapshot)
    counts = queries.count_by_status(matching, snapshot)
    listed = queries.with_status(matching, list_query.status)
    ordered = listed.by_due(counts.by_due_key(list_query.status))
    if request.GET.get("format") == "csv":
        rows = queries.row_batches(ordered, snapshot, LIMIT + 1)
        return csv_response("findings", request.as_of, COLUMNS, _csv_rows(rows))
    page = paginate(request, ordered)
    context = {
        "filters": filters,
        "page": page,
        "rows": list(finding_rows(page.object_list, snapshot)),
        "chips": queries.status_chips(counts, list_query.status),
    }
    return render(request, "findings/list.html", context)


def finding(request: Request, pk: int) -> HttpResponse:
    return _show(request, pk)


@require_POST
@editor_required
def run_action(request: Request, pk: int, verb: str) -> HttpResponse:
    """Run an action of an editor. An invalid form is shown again with its errors."""
    action = action_forms.ACTIONS.get(verb)
    if not action:
        raise Http404
    finding = get_object_or_404(Finding, pk=pk)
    form = action.form(request.POST)
    if not action_forms.run_action(action, form, finding, request.user, clock.now()):
        return _show(request, pk, invalid_form=form, verb=verb)
    messages.success(request, action.done)
    return redirect(finding)


def _show(request: Request, pk: int, *, invalid_form: Any = None, verb: str = "") -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    finding = detail.load_finding(pk, snapshot)
    if not finding:
        raise Http404
    page = detail.build_page(finding, snapshot, request.today)
    available = action_forms.available_actions(finding, page.row.recorded) if may_edit(request.user) else []
    read_only = request.as_of != request.today
    forms = [
        (action, invalid_form if action.verb == verb else form, action.verb == verb) for action, form in available
    ]
    context = {"page": page, "forms": [] if read_only else forms, "read_only": bool(forms) and read_only}
    return render(request, "findings/detail.html", context)


def _csv_rows(rows: Iterator[FindingRow]) -> Iterator[tuple]:
    for row in rows:
        finding, entry = row.finding, row.entry
        yield (
            finding.pk, finding.application.name, finding.application.team, row.owner, entry.platform, entry.id,
            entry.kind, row.status, row.due.on if row.due else None, row.days_left, entry.on_sunset, row.opened_on,
            row.last_call_on, row.calls_7d,
        )  # fmt: skip
