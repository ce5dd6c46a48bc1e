"""/sources/ and /sources/<slug>/: where usage comes from, and whether it still does.

Polls run by the wall clock, also while `SUNDIAL_TODAY` pins the day that pages ask about.
"""

from collections import Counter

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import freshness
from dashboard.charts import palette
from dashboard.core import clock
from dashboard.usage.services import ASKED
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
    named = [one for one in everything if text in f"{one[1].source.name} {one[1].source.slug}".casefold()]
    page = paginate(request, [one for one in named if state in {"", one[0]}])
    counts = Counter(state for state, _ in named)
    feed_rows, feeds_problem = feeds.feed_rows()
    context = {
        "filters": filters,
        "chips": [("", _("All"), len(named), not state)]
        + [(one, palette.SOURCES[one].label, counts[one], state == one) for one in query.STATES if counts[one]],
        "any": bool(everything),
        "many": len(everything) > FEW,
        "page": page,
        "rows": query.source_rows(page.object_list, request.as_of),
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
        "inbox": settings.SUNDIAL_INBOX,
        "editable": shown.kind in FORMS,
        "back_fill": BackFillForm(initial=shown.config) if shown.kind in ASKED else None,
    }
    return render(request, "sources/detail.html", context)


def status(request: Request, slug: str) -> HttpResponse:
    """The part of a source's page that changes while it is read, for a page that asks again."""
    return render(request, "sources/status.html", _status(request, slug))


def _status(request: Request, slug: str) -> dict:
    row = query.get_source_row(slug, request.as_of, clock.wall())
    if not row:
        raise Http404
    asked = request.GET.get("asked", "")
    asked_at = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 12 else 0
    return {"row": row, "status": query.status(row, clock.latest(), asked_at), "asked": asked_at}
