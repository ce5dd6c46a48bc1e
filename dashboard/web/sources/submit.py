"""What a submitted source form does: preview the source, or save it."""

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


@dataclass(frozen=True, slots=True)
class SourcePreview:
    """A preview, and its records each with the catalog's entry (or None) and the platform's display name."""

    preview: Preview
    records: list[tuple[PreviewRecord, EntryState | None, str]]


def preview_source(source: Source, now: datetime, today: date) -> SourcePreview:
    """Preview a source, which need not be saved, and resolve its names as of today."""
    result = preview(source, now)
    snapshot = catalog.load(today)
    records = []
    for record in result.records:
        name = CalledName(
            source=source, platform=record.platform, called_as=record.called_as, endpoint=record.endpoint
        )
        match = name_resolution.resolve_name(name, snapshot)
        entry = snapshot.entries[match.entry] if match.entry else None
        records.append((record, entry, snapshot.platform_name(record.platform)))
    return SourcePreview(result, records)


def save_form(form: SourceForm, *, by: Any, now: datetime) -> Source | None:
    """Save the candidate of a valid form, and resolve its names anew; None if its slug was taken meanwhile."""
    source = form.candidate()
    before = {} if form.is_new else services.audited_values(form.source)
    try:
        is_renamed = services.save(source, before, by=by, now=now)
    except IntegrityError:
        form.add_error("slug", _("This short name is taken"))
        return None
    if is_renamed:
        name_resolution.invalidate(source)
        enqueue_scan()
    return source
