"""/models/ and /models/<platform>/<id>/: the catalog's entries, and which applications call them."""

from collections.abc import Iterable, Iterator

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import Kind
from dashboard.catalog.lifecycle import EntryState
from dashboard.catalog.snapshot import Snapshot
from dashboard.charts import palette
from dashboard.web.catalog import detail
from dashboard.web.catalog.queries import ModelListQuery, list_entries, model_rows
from dashboard.web.common import calls
from dashboard.web.common.as_of import Request
from dashboard.web.common.calls import EntryUsage
from dashboard.web.common.csv_export import csv_response
from dashboard.web.common.filters import FilterForm, SearchField, paginate, platform_choices

__all__ = ["entry", "index"]

COLUMNS = (
    "platform", "id", "kind", "stage", "sunset_date", "sunset_precision", "days_left", "on_sunset",
    "replacements", "calls_7d", "applications_30d", "source_url", "confidence",
)  # fmt: skip


class ModelFilters(FilterForm):
    """Which entries to list."""

    q = SearchField(_("An id, an alias, or a name as a log writes it"))

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        super().__init__(request.GET)
        platforms = platform_choices(snapshot, (entry.platform for entry in snapshot))
        self.add_choice("platform", _("Platform"), platforms)
        self.add_choice("kind", _("Kind"), Kind.choices)
        self.add_choice("stage", _("Stage"), [(key, _(look.label)) for key, look in palette.STAGES.items()])
        orders = [("calls", _("Most calls")), ("id", _("Id"))]
        self.add_choice("sort", _("Order"), orders, any_label=_("Next sunset"))
        self.add_checkbox("called", _("Only what we called in the last 30 days"))

    def list_query(self) -> ModelListQuery:
        fields = {name: self.value(name) for name in ("platform", "kind", "stage")}
        called = bool(self.value("called"))
        return ModelListQuery(text=self.value("q"), called=called, sort=self.value("sort") or "sunset", **fields)


def index(request: Request) -> HttpResponseBase:
    snapshot = catalog.load(request.as_of)
    used = calls.usage_by_entry(request.as_of)
    filters = ModelFilters(request, snapshot)
    entries = list_entries(filters.list_query(), snapshot, used)
    if request.GET.get("format") == "csv":
        return csv_response("models", request.as_of, COLUMNS, _lines(entries, snapshot, used))
    page = paginate(request, entries)
    rows = model_rows(page.object_list, snapshot, used)
    context = {"filters": filters, "page": page, "rows": list(rows), "total": len(snapshot.entries)}
    return render(request, "catalog/list.html", context)


def entry(request: Request, platform: str, entry_id: str) -> HttpResponse:
    snapshot = catalog.load(request.as_of)
    state = snapshot.get(platform, entry_id)
    if not state:
        close = detail.close_names(platform, entry_id, snapshot)
        context = {"id": entry_id, "platform": platform, "close": [snapshot.entries[name.entry] for name in close]}
        return render(request, "catalog/unknown.html", context, status=404)
    return render(request, "catalog/detail.html", {"model": detail.load_model(state, snapshot, request.today)})


def _lines(entries: Iterable[EntryState], snapshot: Snapshot, used: dict[int, EntryUsage]) -> Iterator[tuple]:
    for row in model_rows(entries, snapshot, used):
        state = row.entry
        yield (
            state.platform, state.id, state.kind, state.stage, state.sunset_on, state.sunset_precision,
            state.days_left, state.on_sunset, " ".join(e.key for e in row.replacements), row.usage.calls_7d,
            row.usage.applications, state.source_url, state.confidence,
        )  # fmt: skip
