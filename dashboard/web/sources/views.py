"""/sources/ and /sources/<slug>/: the sources of usage and their health.

Polls run by the wall clock, also while `SUNDIAL_TODAY` pins the day of the pages.
"""

from collections import Counter

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import freshness
from dashboard.catalog import snapshot as catalog
from dashboard.charts import palette
from dashboard.core import clock, jobs
from dashboard.web.common.as_of import Request
from dashboard.web.common.filters import FilterForm, HiddenChoice, SearchField, paginate
from dashboard.web.sources import feeds
from dashboard.web.sources import queries as query
from dashboard.web.sources.format_list import SUPPORTED
from dashboard.web.sources.forms_by_kind import FORMS, BackFillForm

__all__ = ["index", "source", "status"]


FEW = 8
"""Up to here a list needs no search."""


class SourceFilters(FilterForm):
    """Which sources to list; the state is chosen by chips."""

    q = SearchField(_("Part of a name"))
    state = HiddenChoice(query.STATES)


def index(request: Request) -> HttpResponse:
    everything = query.list_sources(request.as_of, clock.wall())
    filters = SourceFilters(request.GET)
    text, state = filters.value("q").casefold(), filters.value("state")
    named = [item for item in everything if text in f"{item[1].source.name} {item[1].source.slug}".casefold()]
    page = paginate(request, [item for item in named if state in {"", item[0]}])
    counts = Counter(state for state, _ in named)
    feed_rows, feeds_problem = feeds.feed_rows()
    context = {
        "job_problems": jobs.problems(clock.wall()),
        "filters": filters,
        "chips": [("", _("All"), len(named), not state)]
        + [
            (each, palette.SOURCES[each].label, counts[each], state == each)
            for each in query.STATES
            if counts[each]
        ],
        "any": bool(everything),
        "many": len(everything) > FEW,
        "page": page,
        "rows": query.source_rows(page.object_list, request.as_of, catalog.load(request.today).platform_names),
        "formats": SUPPORTED,
        "inbox": settings.SUNDIAL_INBOX,
        "feeds": feed_rows,
        "feeds_problem": feeds_problem,
        "known_to": freshness.last_verified_on(request.today),
    }
    return render(request, "sources/list.html", context)


def source(request: Request, slug: str) -> HttpResponse:
    context = _status(request, slug)
    shown = context["row"].source
    context |= {
        "page": paginate(request, query.checkpoints(shown)),
        "rejected": query.rejected_lines(shown),
        "reasons": query.reasons(shown),
        "editable": shown.kind in FORMS,
        "back_fill": BackFillForm(initial=shown.config) if context["row"].connector.has_history else None,
    }
    return render(request, "sources/detail.html", context)


def status(request: Request, slug: str) -> HttpResponse:
    """The part of a source's page that changes while it is read, reloaded by htmx."""
    return render(request, "sources/status.html", _status(request, slug))


def _status(request: Request, slug: str) -> dict:
    row = query.get_source_row(slug, request.as_of, clock.wall(), catalog.load(request.today).platform_names)
    if not row:
        raise Http404
    asked = request.GET.get("asked", "")
    asked_at = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else 0
    return {"row": row, "status": query.status(row, clock.latest(), asked_at), "asked": asked_at}
