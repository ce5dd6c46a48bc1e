"""/applications/ and /applications/<slug>/: who calls models, and what they still have to do."""

from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import snapshot as catalog
from dashboard.usage.models import Application
from dashboard.web.applications import queries as query
from dashboard.web.applications.queries import ApplicationRow, Wanted
from dashboard.web.common.as_of import Request
from dashboard.web.common.csv_export import LIMIT, csv_response
from dashboard.web.common.filters import FilterForm, SearchField, paginate, team_choices

__all__ = ["application", "index"]

COLUMNS = (
    "application", "slug", "team", "owner", "criticality", "open_findings", "next_sunset", "next_entry",
    "calls_7d",
)  # fmt: skip


class ApplicationFilters(FilterForm):
    """Which applications to list."""

    q = SearchField(_("A name or an owner’s address"))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        self.add_choice("team", _("Team"), team_choices())
        self.add_choice("owner", _("Owner"), [("none", _("No owner")), ("some", _("With an owner"))])
        orders = [("findings", _("Most findings")), ("name", _("Name"))]
        self.add_choice("sort", _("Order"), orders, any_label=_("Next sunset"))

    def wanted(self) -> Wanted:
        return Wanted(self.value("q"), self.value("team"), self.value("owner"), self.value("sort") or "due")


def index(request: Request) -> HttpResponseBase:
    filters = ApplicationFilters(request)
    keys, due = query.find(filters.wanted(), catalog.load(request.as_of))
    if request.GET.get("format") == "csv":
        lines = _lines(query.rows(keys[: LIMIT + 1], due, request.as_of))
        return csv_response("applications", request.as_of, COLUMNS, lines)
    page = paginate(request, keys)
    rows = list(query.rows(list(page.object_list), due, request.as_of))
    context = {"filters": filters, "page": page, "rows": rows, "busy": len(due)}
    return render(request, "applications/list.html", context)


def application(request: Request, slug: str) -> HttpResponse:
    found = get_object_or_404(Application, slug=slug)
    page = query.page(found, catalog.load(request.as_of), request.today)
    return render(request, "applications/detail.html", {"page": page, "application": found})


def _lines(rows: Iterator[ApplicationRow]) -> Iterator[tuple]:
    for row in rows:
        one, first = row.application, row.due.first
        yield (
            one.name, one.slug, one.team, one.owner, one.criticality, row.due.count,
            row.due.end.on if row.due.end else None, first.key if first else None, row.calls_7d,
        )  # fmt: skip
