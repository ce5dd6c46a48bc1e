"""/: what needs attention."""

from django.http import HttpResponse
from django.shortcuts import render

from dashboard.alerts.undelivered import mail_status
from dashboard.catalog import snapshot as catalog
from dashboard.core import clock, jobs
from dashboard.web.common.as_of import Request
from dashboard.web.overview.queries import load_overview

__all__ = ["show"]


def show(request: Request) -> HttpResponse:
    now = clock.wall()
    context = {
        "overview": load_overview(catalog.load(request.as_of)),
        "mail": mail_status(now),
        "job_problems": jobs.problems(now),
    }
    return render(request, "overview/overview.html", context)
