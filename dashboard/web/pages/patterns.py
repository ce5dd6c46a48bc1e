"""/patterns/: every component, live, for those who build pages."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.charts import palette

__all__ = ["show"]


def show(request: HttpRequest) -> HttpResponse:
    """Components with made-up values; nothing here is data."""
    lefts = (180, 60, 21, 3, 0, -12)
    context = {
        "stages": palette.STAGES,
        "statuses": palette.STATUSES,
        "verdicts": palette.VERDICTS,
        "tones": palette.TONES,
        "lefts": [(left, request.as_of + timedelta(days=left)) for left in lefts],
        "announced_on": request.as_of - timedelta(days=90),
        "spark": [9, 9, 8, 8, 6, 6, 5, 3, 3, 2, 1],
    }
    return render(request, "pages/patterns.html", context)
