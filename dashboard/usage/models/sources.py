"""Sources of usage, and how far they are read."""

from datetime import UTC, datetime
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard.core.fields import MessageField
from dashboard.usage.querysets import RejectedLineQuerySet, SourceQuerySet, StreamQuerySet

__all__ = ["RejectedLine", "Source", "Stream", "SyncWindow"]


class Source(models.Model):
    """A source of usage: how to reach it, its format, its platform, how often to poll."""

    slug = models.SlugField(_("slug"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=20)
    format = models.CharField(_("format"), max_length=40, default="auto")
    platform = models.CharField(
        _("platform"),
        max_length=60,
        blank=True,
        help_text=_("Platform of calls whose log line names none, such as openai for a plain access log"),
    )
    paths = models.TextField(
        _("paths"), blank=True, help_text=_("For watched files: one folder, file or glob pattern per line")
    )
    deployments = models.JSONField(
        _("deployments"),
        default=dict,
        blank=True,
        help_text=_('Deployment name to model id, such as {"prod-gpt35": "gpt-35-turbo-0125"}'),
    )
    config = models.JSONField(
        _("configuration"),
        default=dict,
        blank=True,
        help_text=_(
            "For databases, usage APIs and CSV columns; see docs/sources.md. "
            "A secret is named, never written here, such as env:OPENAI_ADMIN_KEY"
        ),
    )
    poll_seconds = models.PositiveIntegerField(_("poll seconds"), default=30, validators=[MinValueValidator(5)])
    paused = models.BooleanField(_("paused"), default=False)
    created_at = models.DateTimeField(_("created at"))
    polled_at = models.DateTimeField(_("polled at"), null=True, blank=True, editable=False)
    problem = MessageField(
        _("problem"), max_length=500, blank=True, editable=False, help_text=_("What the last poll ran into")
    )

    objects: ClassVar[SourceQuerySet] = SourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = pgettext_lazy("of usage", "source")
        verbose_name_plural = _("sources")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("source", args=[self.slug])


class Stream(models.Model):
    """The content of one file or object, whatever its name is now, and how far it is read.

    The checkpoint (`offset`, `lines`, `checksum`, the counts) commits together with its rollups. A file is
    recognised by its content: `head` is a hash of its first line, `checksum` the CRC-32 of everything before
    `offset`, `tail` a hash of the last bytes before it; all of the decompressed bytes. `marks` are earlier
    checkpoints, so that a shorter copy is recognised too. While a file on disk has the content, `device` and
    `inode` identify it; both are 0 otherwise. A row without `head` has no content of its own: it has the totals
    of batches, such as the objects under a prefix or the requests on a path.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    path = MessageField(max_length=1000, help_text="Where the content was last seen")
    format = models.CharField(max_length=40, blank=True, help_text="As detected, when the source's format is auto")
    head = models.CharField(max_length=32, blank=True)
    tail = models.CharField(max_length=32, blank=True)
    checksum = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    marks = models.JSONField(default=list, help_text="[offset, checksum, lines, records, rejected], oldest first")
    device = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    inode = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes on disk at the last poll")
    mtime_ns = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0, help_text="Lines that are no model call, such as health checks")
    waits = models.BooleanField(
        default=False, help_text="The last line has no end yet; it counts once the file stops changing"
    )
    problem = MessageField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[StreamQuerySet] = StreamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            # Was this content read before, under any name? Queried for every new or grown file.
            models.Index(fields=["source", "head"], name="stream_by_head"),
            # The files in place, compared with what is on disk at every poll.
            models.Index(fields=["source", "inode"], name="stream_in_place"),
        ]

    def __str__(self) -> str:
        return self.path


class SyncWindow(models.Model):
    """The time span of one table or endpoint that was read: from `begin` to `until`, seconds since 1970, no holes.

    Both are 0 before the first poll. A window commits together with the sums of the span that extends it.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=1000, help_text="Table or endpoint")
    begin = models.BigIntegerField(default=0)
    until = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="sync_window_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def complete_until(self) -> datetime | None:
        return datetime.fromtimestamp(self.until, UTC) if self.until else None


class RejectedLine(models.Model):
    """A line that could not be counted: where it is and why. Bounded in number and age; content is redacted."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    path = MessageField(max_length=1000)
    line = models.BigIntegerField()
    offset = models.BigIntegerField(help_text="Byte offset in the inflated content")
    reason = MessageField(max_length=300)
    sample = MessageField(max_length=200, blank=True)
    at = models.DateTimeField()

    objects: ClassVar[RejectedLineQuerySet] = RejectedLineQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "-id"], name="rejected_newest")]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"
