"""/applications/ and /applications/<slug>/: applications, the models they call and their findings."""

from collections.abc import Iterator

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import snapshot as catalog
from dashboard.usage.models import Application
from dashboard.web.applications import queries
from dashboard.web.applications.queries import ApplicationListQuery, ApplicationRow
from dashboard.web.common.as_of import Request
from dashboard.web.common.csv_export import LIMIT, csv_response
from dashboard.web.common.filters import FilterForm, SearchField, paginate, team_choices

__all__ = ["application", "index"]

COLUMNS = (
    "application", "slug", "team", "owner", "criticality", "open_findings", "next_sunset", "next_entry",
    "calls_7d",
)  # fmt: skip


class ApplicationFilters(FilterForm):
    """Filters of the list."""

    q = SearchField(_("Application or owner’s email address"))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        self.add_choice("team", _("Team"), team_choices())
        self.add_choice("owner", _("Owner"), [("none", _("No owner")), ("some", _("With an owner"))])
        orders = [("findings", _("Most findings")), ("name", _("Name"))]
        self.add_choice("sort", _("Order"), orders, any_label=_("Next sunset"))

    def list_query(self) -> ApplicationListQuery:
        return ApplicationListQuery(
            self.value("q"), self.value("team"), self.value("owner"), self.value("sort") or "due"
        )


def index(request: Request) -> HttpResponseBase:
    filters = ApplicationFilters(request)
    keys, findings = queries.list_applications(filters.list_query(), catalog.load(request.as_of))
    if request.GET.get("format") == "csv":
        rows = queries.application_rows(keys[: LIMIT + 1], findings, request.as_of)
        return csv_response("applications", request.as_of, COLUMNS, _csv_rows(rows))
    page = paginate(request, keys)
    context = {
        "filters": filters,
        "page": page,
        "rows": list(queries.application_rows(list(page.object_list), findings, request.as_of)),
        "calling_count": len(findings),
    }
    return render(request, "applications/list.html", context)


def application(request: Request, slug: str) -> HttpResponse:
    application = get_object_or_404(Application, slug=slug)
    page = queries.build_page(application, catalog.load(request.as_of), request.today)
    return render(request, "applications/detail.html", {"page": page, "application": application})


def _csv_rows(rows: Iterator[ApplicationRow]) -> Iterator[tuple]:
    for row in rows:
        application, findings = row.application, row.findings
        yield (
            application.name, application.slug, application.team, application.owner, application.criticality,
            findings.count, findings.next_due.on if findings.next_due else None,
            findings.next_entry.key if findings.next_entry else None, row.calls_7d,
        )  # fmt: skip
