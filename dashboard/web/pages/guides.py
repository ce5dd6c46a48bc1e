"""/guides/: how to leave a model, family by family, and where platforms announce what ends."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.catalog.models import Platform
from dashboard.web.guidance import GUIDES

__all__ = ["index"]


def index(request: HttpRequest) -> HttpResponse:
    context = {"guides": GUIDES, "platforms": Platform.objects.all()}
    return render(request, "pages/guides.html", context)
