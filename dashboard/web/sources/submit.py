"""What a submitted source form does: preview the source, or save it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from dashboard.catalog import snapshot as catalog
from dashboard.catalog.lifecycle import EntryState
from dashboard.core import audit
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
    """Save the candidate of a valid form, and resolve its names anew.

    None, with an error on the form, if its slug was taken, or the source changed, since the form was shown.
    """
    source = form.candidate()
    try:
        with transaction.atomic():
            # Locked, so that of two editors who save at once the second one sees the first one's version.
            stored = None if form.is_new else Source.objects.select_for_update().get(pk=source.pk)
            if stored and form.is_stale(stored):
                form.add_error(None, audit.changed_meanwhile(stored))
                return None
            source.paused = stored.paused if stored else source.paused
            before = services.audited_values(stored) if stored else {}
            is_renamed = services.save(source, before, by=by, now=now)
    except IntegrityError:
        form.add_error("slug", _("This short name is taken"))
        return None
    if is_renamed:
        name_resolution.invalidate(source)
        enqueue_scan()
    return source
