"""/uncatalogued/: what is called and nobody has looked up."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import snapshot as catalog
from dashboard.web.days import Request
from dashboard.web.filters import Filters, Search, Text, page_of
from dashboard.web.queries import uncatalogued as query
from dashboard.web.queries.uncatalogued import Wanted

__all__ = ["index"]

PAGE_SIZE = 25


class NameFilters(Filters):
    """Which names to list."""

    q = Search(_("Part of a name"))
    application = Text(_("Application"), _("its short name"))

    def __init__(self, request: Request) -> None:
        super().__init__(request.GET)
        self.select("platform", _("Platform"), [(platform, platform) for platform in query.platforms()])

    def wanted(self) -> Wanted:
        return Wanted(self.chosen("q"), self.chosen("platform"), self.chosen("application"))


def index(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    filters = NameFilters(request)
    page = page_of(request, query.find(filters.wanted(), request.as_of), PAGE_SIZE)
    context = {
        "filters": filters,
        "page": page,
        "rows": query.rows(page.object_list, snapshot),
        "share": query.share(request.as_of),
    }
    return render(request, "pages/uncatalogued.html", context)
