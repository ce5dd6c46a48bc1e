"""/: what needs attention."""

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.catalog import snapshot as catalog
from dashboard.web.common.as_of import Request
from dashboard.web.overview.queries import load_overview

__all__ = ["show"]


def show(request: Request) -> HttpResponse:
    return render(request, "overview/overview.html", {"overview": load_overview(catalog.load(request.as_of))})
