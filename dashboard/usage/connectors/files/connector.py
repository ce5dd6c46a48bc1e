"""Log files on this machine: a folder, a file or a glob pattern per line, read as they grow."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.usage.connectors.base import (
    Connector,
    ConnectorError,
    Detail,
    EnqueueFile,
    FileId,
    PollResult,
    Progress,
    Sample,
)
from dashboard.usage.connectors.files import poller, preview
from dashboard.usage.connectors.files.allowed_paths import path_problem
from dashboard.usage.connectors.files.listing import INBOX, paths_of, source_files
from dashboard.usage.models import Source, Stream

__all__ = ["FilesConnector"]

MAX_PATHS = 50
COMPRESSED = (".gz", ".zst")


class FilesConnector(Connector):
    kind = "watch"
    label = gettext_lazy("Watched files")
    description = gettext_lazy("Log files on this machine, read as they grow")
    has_local_files = True

    def validate(self, source: Source) -> None:
        if source.slug == INBOX:
            return
        paths = paths_of(source)
        if not paths:
            raise ConnectorError(_("Name at least one folder, file or pattern"), field="paths")
        if len(paths) > MAX_PATHS:
            raise ConnectorError(
                _("At most %(count)s lines; a pattern may stand for many files") % {"count": MAX_PATHS},
                field="paths",
            )
        roots = [settings.SUNDIAL_INBOX, *settings.SUNDIAL_WATCH_ROOTS]
        if problems := [problem for path in paths if (problem := path_problem(path, roots))]:
            raise ConnectorError(*problems, field="paths")

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        return poller.poll_files(source, now, enqueue_file)

    def poll_file(self, source: Source, file_id: FileId, token: str, now: datetime) -> PollResult:
        return poller.poll_file(source, file_id, token, now)

    def preview(self, source: Source, now: datetime) -> Sample:
        return preview.sample_newest_file(source, now)

    def progress(self, source: Source, now: datetime) -> Progress | None:
        """Bytes read of the bytes on disk. A compressed file counts as a whole, or not at all."""
        files = source_files(source).files
        if not files:
            return None
        fields = ("device", "inode", "offset", "size", "path")
        known = {
            (int(row[0]), int(row[1])): row[2:] for row in Stream.objects.on_disk(source).values_list(*fields)
        }
        done = 0
        for file in files:
            offset, size, path = known.get(file.id, (0, 0, ""))
            if path.endswith(COMPRESSED):
                done += file.size if size == file.size else 0
            else:
                done += min(offset, file.size)
        total = sum(file.size for file in files)
        return Progress("bytes", done, total, Progress.share_of(done, total))

    def describe(self, source: Source) -> list[Detail]:
        paths = [str(settings.SUNDIAL_INBOX)] if source.slug == INBOX else paths_of(source)
        return [Detail(gettext_lazy("Paths"), tuple(paths))]
