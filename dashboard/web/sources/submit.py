"""What the form of a source leads to: a test that writes nothing, or a source that is saved."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.lifecycle import EntryState
from dashboard.findings import name_resolution
from dashboard.findings.enqueue import enqueue_scan
from dashboard.usage import services
from dashboard.usage.models import CalledName, Source
from dashboard.usage.preview import Preview, PreviewRecord, preview
from dashboard.web.sources.forms import SourceForm

__all__ = ["SourcePreview", "preview_source", "save_form"]

NAMING = ("platform", "deployments")
"""What decides what names mean."""


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """What a test found; `records` each with the catalog's entry for it, None where it is in no catalog."""

    preview: Preview
    records: list[tuple[PreviewRecord, EntryState | None]]


def preview_source(source: Source, now: datetime, today: date) -> SourcePreview:
    """Look into a source that need not be saved, and say what its names mean today."""
    found = preview(source, now)
    snapshot = catalog.load(today)
    records = []
    for record in found.records:
        name = CalledName(
            source=source, platform=record.platform, called_as=record.called_as, endpoint=record.endpoint
        )
        match = name_resolution.resolve_name(name, snapshot)
        records.append((record, snapshot.entries[match.entry] if match.entry else None))
    return SourcePreview(found, records)


def save_form(form: SourceForm, *, by: Any, now: datetime) -> Source | None:
    """Save what a valid form makes, and let names mean what they then mean; None if the form objects after all."""
    source = form.candidate()
    before = {} if form.is_new else services.audited_values(form.source)
    try:
        services.save(source, before, by=by, now=now)
    except IntegrityError:
        form.add_error("slug", _("This short name is taken"))
        return None
    if before and any(before[name] != getattr(source, name) for name in NAMING):
        name_resolution.invalidate(source)
        enqueue_scan()
    return source
