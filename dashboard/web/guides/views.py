"""/guides/: how to migrate, by kind of model, and the deprecation pages of the platforms."""

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.catalog.models import Platform
from dashboard.web.common.as_of import Request
from dashboard.web.common.guide_links import GUIDES

__all__ = ["index"]


def index(request: Request) -> HttpResponse:
    context = {"guides": GUIDES, "platforms": Platform.objects.all()}
    return render(request, "guides/guides.html", context)
