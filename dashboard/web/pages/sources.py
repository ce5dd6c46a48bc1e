"""/sources/ and /sources/<slug>/: where usage comes from, and whether it still does.

Polls run by the wall clock, also while `SUNDIAL_TODAY` pins the day that pages ask about.
"""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render

from dashboard.catalog import freshness
from dashboard.kit import clock
from dashboard.web.days import Request
from dashboard.web.filters import page_of
from dashboard.web.formats import SUPPORTED
from dashboard.web.queries import feeds
from dashboard.web.queries import sources as query

__all__ = ["index", "source"]


def index(request: Request) -> HttpResponse:
    page = page_of(request, query.rows(request.as_of, clock.wall()))
    feed_rows, feeds_problem = feeds.rows()
    context = {
        "page": page,
        "rows": page.object_list,
        "formats": SUPPORTED,
        "inbox": settings.SUNDIAL_INBOX,
        "feeds": feed_rows,
        "feeds_problem": feeds_problem,
        "known_to": freshness.newest_on(request.today),
    }
    return render(request, "pages/sources.html", context)


def source(request: Request, slug: str) -> HttpResponse:
    rows = query.rows(request.as_of, clock.wall())
    row = next((row for row in rows if row.source.slug == slug), None)
    if not row:
        raise Http404
    context = {
        "row": row,
        "page": page_of(request, query.streams(row.source)),
        "rejected": query.rejected(row.source),
        "inbox": settings.SUNDIAL_INBOX,
    }
    return render(request, "pages/source.html", context)
