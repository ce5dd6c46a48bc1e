"""GET /api/v1/models and /api/v1/models/{platform}/{id}: the catalog as known on a day."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from dashboard.api.errors import ApiError, problems
from dashboard.api.pagination import paginate
from dashboard.api.parameters import AsOf, Paging, choices, parse_choice, reject_unknown_parameters
from dashboard.api.schemas import Model, ModelPage
from dashboard.catalog import serializers
from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import Kind
from dashboard.catalog.lifecycle import STAGES, EntryState
from dashboard.catalog.names.resolve import resolve
from dashboard.catalog.snapshot import Snapshot

__all__ = ["router"]

router = Router(tags=["catalog"])


class ModelQuery(Paging):
    platform: str = Field("", description="the slug of a platform")
    kind: choices("kind", Kind.values) = ""  # type: ignore[valid-type]
    stage: choices("stage", STAGES) = ""  # type: ignore[valid-type]
    q: str = Field("", description="part of an id or alias, or a name as logged")


@router.get(
    "models",
    response={200: ModelPage, **problems(400, 404)},
    by_alias=True,
    url_name="models",
    operation_id="listModels",
    summary="Catalog entries, by platform and id",
)
def index(request: HttpRequest, query: Query[ModelQuery]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot, records = catalog.load(query.day), serializers.entry_details()
    platform = parse_choice("platform", query.platform, sorted({entry.platform for entry in snapshot}))
    entries = [
        entry
        for entry in snapshot
        if (not platform or entry.platform == platform)
        and (not query.kind or entry.kind == query.kind)
        and (not query.stage or entry.stage == query.stage)
    ]
    if text := query.q.strip()[:300]:
        entries = _matching(text, platform, entries, snapshot, records)

    def serialize(page: Sequence[EntryState]) -> list[dict[str, Any]]:
        return [serializers.model_json(entry, snapshot, records[entry.platform, entry.id]) for entry in page]

    return paginate(request, query, entries, serialize)


@router.get(
    "models/{slug:platform}/{path:entry_id}",
    response={200: Model, **problems(400, 404)},
    by_alias=True,
    url_name="model",
    operation_id="getModel",
    summary="One catalog entry; an endpoint's id with or without its leading slash",
)
def detail(request: HttpRequest, platform: str, entry_id: str, query: Query[AsOf]) -> dict[str, Any]:
    reject_unknown_parameters(request, query)
    snapshot = catalog.load(query.day)
    entry = snapshot.get(platform, entry_id)
    if not entry:
        raise ApiError(404, f"The catalog has no {platform}/{entry_id[:200]}")
    if not entry.is_known:
        raise ApiError(404, f"Nothing was known of {entry.key} on {query.day}")
    return serializers.model_json(entry, snapshot)


def _matching(
    text: str, platform: str, entries: list[EntryState], snapshot: Snapshot, records: serializers.EntryDetails
) -> list[EntryState]:
    folded = text.casefold()
    match = resolve(text, platform, "", snapshot.names, on=snapshot.as_of)
    return [
        entry
        for entry in entries
        if folded in entry.key.casefold()
        or entry.pk == match.entry
        or any(folded in alias.name.casefold() for alias in records[entry.platform, entry.id].aliases)
    ]
