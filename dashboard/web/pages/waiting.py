"""Addresses whose pages are being built."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

__all__ = ["waiting"]


def waiting(request: HttpRequest, **kwargs: object) -> HttpResponse:
    return render(request, "pages/waiting.html")
