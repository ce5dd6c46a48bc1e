"""A sample of the file that changed last."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.usage.connectors.base import PreviewError, Sample
from dashboard.usage.connectors.files.listing import source_files
from dashboard.usage.connectors.preview_base import sample_file
from dashboard.usage.models import Source

__all__ = ["sample_newest_file"]


def sample_newest_file(source: Source, now: datetime) -> Sample:
    """Sample the source's newest file that is not empty. Raises PreviewError."""
    listing = source_files(source)
    files = [file for file in listing.files if file.size]
    if files:
        sample = sample_file(files[-1].path, source.format, source.config, now)
        sample.others, sample.remark = len(files) - 1, listing.problem
        return sample
    if listing.problem:
        raise PreviewError(
            listing.problem, _("Check the spelling, and that the user that runs Sundial may read it.")
        )
    if listing.files:
        empty = ngettext("The file there is empty", "All %(n)s files there are empty", len(listing.files))
        raise PreviewError(
            empty % {"n": len(listing.files)}, _("Save the source: it is read as soon as something is written.")
        )
    raise PreviewError(
        _("No file matches these paths"),
        _("A folder stands for everything below it; a pattern such as /var/log/gateway/*.jsonl names files."),
    )
