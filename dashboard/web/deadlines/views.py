"""/deadlines/ and /deadlines/<platform>/<date>/: sunset dates, and the progress of migration."""

from datetime import date
from functools import partial

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from dashboard.catalog import snapshot as catalog
from dashboard.web.common.as_of import Request
from dashboard.web.common.csv_export import csv_response
from dashboard.web.common.deadline_rows import list_deadlines
from dashboard.web.common.filters import paginate
from dashboard.web.common.verdicts import verdict_sentence
from dashboard.web.deadlines import charts, detail, export

__all__ = ["download_html", "index", "show"]

SERIES_COLUMNS = ("day", "retiring", "replacement", "applications_remaining")


def index(request: Request) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    everything = request.GET.get("all") == "1"
    rows, past = ([row for row in rows if everything or row.is_ours] for rows in list_deadlines(snapshot))
    context = {"rows": rows, "past": past, "everything": everything, "known": len(snapshot.deadlines)}
    return render(request, "deadlines/list.html", context)


def show(request: Request, platform: str, date: date) -> HttpResponseBase:
    snapshot = catalog.load(request.as_of)
    deadline = snapshot.deadlines.get((platform, date))
    if not deadline:
        raise Http404
    if request.GET.get("format") == "csv":
        points = detail.daily_points(deadline, snapshot)
        rows = ((p.day, p.retiring, p.replacement, p.applications_remaining) for p in points)
        return csv_response(f"deadline-{platform}-{date}", request.as_of, SERIES_COLUMNS, rows)
    page = detail.load_deadline(deadline, snapshot, partial(paginate, request))
    query = request.GET.copy()
    query.pop("page", None)
    html_url = f"{reverse('deadline_html', args=[platform, date])}?{query.urlencode()}"
    query["format"] = "csv"
    context = {
        "page": page,
        "charts": charts.deadline_charts(page, request.today, f"?{query.urlencode()}", html_url),
        "sentence": verdict_sentence(page.summary.forecast, date, request.as_of),
    }
    return render(request, "deadlines/detail.html", context)


def download_html(request: Request, platform: str, date: date) -> HttpResponse:
    """The burn-down as one interactive HTML file."""
    snapshot = catalog.load(request.as_of)
    deadline = snapshot.deadlines.get((platform, date))
    document = export.burndown_html(deadline, snapshot, request.today) if deadline else None
    if document is None:
        raise Http404
    name = f"deadline-{platform}-{date}-as-of-{request.as_of}.html"
    return HttpResponse(document, headers={"Content-Disposition": f'attachment; filename="{name}"'})
