"""/findings/ and /findings/<id>/: who still calls what retires, and what people do about it."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
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
from dashboard.web.findings import detail as one
from dashboard.web.findings import forms as findings_forms
from dashboard.web.findings import queries as query
from dashboard.web.findings.queries import Wanted

__all__ = ["act", "finding", "index"]

COLUMNS = (
    "id", "application", "team", "owner", "platform", "entry", "kind", "status", "sunset_date", "days_left",
    "on_sunset", "opened_on", "last_call_on", "calls_7d",
)  # fmt: skip
WITHIN = (7, 14, 30, 60, 90)


class FindingFilters(FilterForm):
    """Which findings to list; the status is chosen by chips, so its field is hidden."""

    q = SearchField(_("An application, a model, an address"))
    status = HiddenChoice(("all", *query.STATUSES))

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = sorted({entry.platform for entry in snapshot.retiring.values()})
        self.add_choice("platform", _("Platform"), [(slug, slug) for slug in platforms])
        self.add_choice("team", _("Team"), team_choices())
        within = [(str(days), _("%(n)s days") % {"n": days}) for days in WITHIN]
        self.add_choice("within", _("Stops within"), within)

    def wanted(self) -> Wanted:
        within = self.value("within")
        return Wanted(
            text=self.value("q"),
            platform=self.value("platform"),
            team=self.value("team"),
            status=self.value("status"),
            within=int(within) if within else None,
        )


def index(request: Request) -> HttpResponseBase:
    snapshot = catalog.load(request.as_of)
    filters = FindingFilters(request, snapshot)
    wanted = filters.wanted()
    found = query.find(wanted, snapshot)
    counts = query.tally(found, snapshot)
    listed = query.with_status(found, wanted.status).by_due(counts.listed(wanted.status))
    if request.GET.get("format") == "csv":
        return csv_response("findings", request.as_of, COLUMNS, _lines(query.batches(listed, snapshot, LIMIT + 1)))
    page = paginate(request, listed)
    context = {
        "filters": filters,
        "page": page,
        "rows": list(finding_rows(page.object_list, snapshot)),
        "chips": query.chips(counts, wanted.status),
    }
    return render(request, "findings/list.html", context)


def finding(request: Request, pk: int) -> HttpResponse:
    return _show(request, pk)


@require_POST
@editor_required
def act(request: Request, pk: int, verb: str) -> HttpResponse:
    """Carry out what an editor asks for; a form with a mistake comes back with it."""
    chosen = findings_forms.ACTS.get(verb)
    found = Finding.objects.filter(pk=pk).first()
    if not chosen or not found:
        raise Http404
    form = chosen.form(request.POST)
    if not findings_forms.carry_out(chosen, form, found, request.user, clock.now()):
        return _show(request, pk, mistaken=form, verb=verb)
    messages.success(request, chosen.done)
    return redirect(found)


def _show(request: Request, pk: int, *, mistaken: Any = None, verb: str = "") -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    found = one.find(pk, snapshot)
    if not found:
        raise Http404
    page = one.page(found, snapshot, request.today)
    offers = findings_forms.offered(found, page.row.recorded) if may_edit(request.user) else []
    forms = [(act, mistaken if act.verb == verb else form, act.verb == verb) for act, form in offers]
    acting = request.as_of == request.today
    context = {"page": page, "forms": forms if acting else [], "elsewhen": bool(forms) and not acting}
    return render(request, "findings/detail.html", context)


def _lines(rows: Iterator[FindingRow]) -> Iterator[tuple]:
    for row in rows:
        found, entry = row.finding, row.entry
        yield (
            found.pk, found.application.name, found.application.team, row.owner, entry.platform, entry.id,
            entry.kind, row.status, row.due.on if row.due else None, row.days_left, entry.on_sunset, row.opened_on,
            row.last_call_on, row.calls_7d,
        )  # fmt: skip
