"""GET /api/v1/models and /api/v1/models/{platform}/{id}: the catalog as known on a day."""

from typing import Any

from dashboard.api.auth import ApiRequest, api
from dashboard.api.errors import ApiError
from dashboard.api.pagination import paginate, parse_choice, reject_unknown_parameters
from dashboard.catalog import serializers
from dashboard.catalog import snapshot as catalog
from dashboard.catalog.choices import Kind
from dashboard.catalog.lifecycle import STAGES, EntryState
from dashboard.catalog.names.resolve import resolve
from dashboard.catalog.snapshot import Snapshot

__all__ = ["detail", "index"]


@api("GET")
def index(request: ApiRequest) -> dict[str, Any]:
    """By platform and id; filters platform, kind, stage, and q: part of an id or alias, or a name as logged."""
    reject_unknown_parameters(request, "platform", "kind", "stage", "q")
    snapshot, records = catalog.load(request.as_of), serializers.entry_details()
    platform = parse_choice(request, "platform", sorted({entry.platform for entry in snapshot}))
    kind = parse_choice(request, "kind", Kind.values)
    stage = parse_choice(request, "stage", STAGES)
    found = [
        entry
        for entry in snapshot
        if (not platform or entry.platform == platform)
        and (not kind or entry.kind == kind)
        and (not stage or entry.stage == stage)
    ]
    if text := request.GET.get("q", "").strip()[:300]:
        found = _named(text, platform, found, snapshot, records)
    return paginate(
        request, found, lambda entry: serializers.model_json(entry, snapshot, records[entry.platform, entry.id])
    )


@api("GET")
def detail(request: ApiRequest, platform: str, entry_id: str) -> dict[str, Any]:
    """One entry; an endpoint's id with or without its leading slash."""
    reject_unknown_parameters(request)
    snapshot = catalog.load(request.as_of)
    entry = snapshot.get(platform, entry_id)
    if not entry:
        raise ApiError(404, f"The catalog has no {platform}/{entry_id[:200]}")
    if not entry.is_known:
        raise ApiError(404, f"Nothing was known of {entry.key} on {request.as_of}")
    return serializers.model_json(entry, snapshot)


def _named(
    text: str, platform: str, found: list[EntryState], snapshot: Snapshot, records: serializers.EntryDetails
) -> list[EntryState]:
    folded = text.casefold()
    match = resolve(text, platform, "", snapshot.names, on=snapshot.as_of)
    return [
        entry
        for entry in found
        if folded in entry.key.casefold()
        or entry.pk == match.entry
        or any(folded in alias.name.casefold() for alias in records[entry.platform, entry.id].aliases)
    ]
