"""WHO calls what: sources, the streams read from them, and hourly and daily rollups.

Names are kept exactly as logged; what they mean is decided in `dashboard.findings`, so correcting an
alias corrects history. A measure that a source does not report is null, never 0. Cost is in nano-USD.
"""

from datetime import UTC, datetime
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dashboard.kit.fields import DayField, HourField
from dashboard.usage.querysets import RejectedLineQuerySet, SourceQuerySet, StreamQuerySet

__all__ = [
    "AggregateRow",
    "Application",
    "ApplicationRule",
    "CalledName",
    "DailyRollup",
    "HourlyRollup",
    "Identity",
    "LatestCall",
    "ReadObjects",
    "RejectedLine",
    "SeenIds",
    "Source",
    "SourceKind",
    "StaleDay",
    "Stream",
    "Walk",
]


class SourceKind(models.TextChoices):
    WATCH = "watch", _("Watched files")
    SQL = "sql", _("Database")
    HTTP = "http", _("Usage API")
    S3 = "s3", _("Object store")
    PUSH = "push", _("Pushed to Sundial")
    IMPORT = "import", _("Imported by hand")


class Source(models.Model):
    """Where usage comes from: how to reach it, its format, its platform, how often to poll."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=SourceKind, default=SourceKind.WATCH)
    format = models.CharField(max_length=40, default="auto")
    platform = models.CharField(
        max_length=60,
        blank=True,
        help_text="Platform of calls whose log line does not tell, such as openai for a plain access log",
    )
    paths = models.TextField(blank=True, help_text="For watched files: one folder, file or glob pattern per line")
    deployments = models.JSONField(
        default=dict,
        blank=True,
        help_text='Deployment name to model id, such as {"prod-gpt35": "gpt-35-turbo-0125"}',
    )
    config = models.JSONField(
        "configuration",
        default=dict,
        blank=True,
        help_text=_(
            "For databases, usage APIs and CSV columns; see docs/sources.md. "
            "A secret is named, never written here, such as env:OPENAI_ADMIN_KEY"
        ),
    )
    poll_seconds = models.PositiveIntegerField(default=30, validators=[MinValueValidator(5)])
    paused = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True, blank=True, editable=False)
    problem = models.CharField(max_length=500, blank=True, editable=False, help_text="What the last poll ran into")

    objects: ClassVar[SourceQuerySet] = SourceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("source", args=[self.slug])


class Stream(models.Model):
    """One ordered run of bytes in a source (a file's content, whatever it is called now) and how far it is read.

    The checkpoint (`offset`, `lines`, `checksum`, the counts) commits together with the rollups it stands
    for. A file is known by content: `head` is a hash of its first line, `checksum` the CRC-32 of
    everything before `offset`, `tail` a hash of the last bytes before it; all of it inflated bytes.
    `marks` are earlier checkpoints, so that a shorter copy is recognised too. While a file in place holds
    the content, `device` and `inode` name it; both are 0 once it does not.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    path = models.CharField(max_length=1000, help_text="Where the content was last seen")
    format = models.CharField(max_length=40, blank=True, help_text="As detected, when the source says auto")
    head = models.CharField(max_length=32)
    tail = models.CharField(max_length=32, blank=True)
    checksum = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    marks = models.JSONField(default=list, help_text="[offset, checksum, lines, records, rejected], oldest first")
    device = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    inode = models.DecimalField(max_digits=20, decimal_places=0, default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes on disk when last looked at")
    mtime_ns = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    skipped = models.BigIntegerField(default=0, help_text="Lines that are no model call, such as health checks")
    waits = models.BooleanField(
        default=False, help_text="The last line has no end yet; it counts once the file is left alone"
    )
    problem = models.CharField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    begin = models.BigIntegerField(
        default=0, help_text="Of a table or an endpoint: the second from which everything before `offset` is told"
    )

    objects: ClassVar[StreamQuerySet] = StreamQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            # Was this content read before, under any name? Asked for every file that is new or grew.
            models.Index(fields=["source", "head"], name="stream_by_head"),
            # The files in place, compared with what is on disk at every poll.
            models.Index(fields=["source", "inode"], name="stream_in_place"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def complete_until(self) -> datetime:
        """Of a database's table or an API's endpoint, whose `offset` is a time in seconds since 1970."""
        return datetime.fromtimestamp(self.offset, UTC)


class Application(models.Model):
    """What calls models. Made by hand, or by itself from what a log calls its consumer."""

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    team = models.CharField(max_length=200, blank=True)
    owner = models.EmailField(
        "owner address", blank=True, help_text="Who gets the mail; empty: the fallback address"
    )
    criticality = models.PositiveSmallIntegerField(
        choices=[(1, _("Critical")), (2, _("High")), (3, _("Normal")), (4, _("Low"))], default=3
    )
    internal = models.BooleanField(default=False, editable=False, help_text="A gateway's own calls")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("application", args=[self.slug])


class ApplicationRule(models.Model):
    """Names the application of every identity whose field matches a pattern; the first match wins."""

    class Field(models.TextChoices):
        CONSUMER = "consumer", _("Consumer (the best name the log has)")
        TEAM = "team", _("Team")
        KEY_ALIAS = "key_alias", _("Key alias")
        TAG = "tag", _("Tag")
        SERVICE = "service", _("Service name")
        USER_AGENT = "user_agent", _("User agent")

    position = models.PositiveIntegerField(default=100, help_text="Lower numbers are tried first")
    field = models.CharField(max_length=20, choices=Field, default=Field.TEAM)
    pattern = models.CharField(max_length=200, help_text="With * and ?; case does not matter")
    application = models.ForeignKey(Application, models.CASCADE, related_name="rules")

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.get_field_display()} {self.pattern} → {self.application}"


class Identity(models.Model):
    """What a log knows about a caller: the raw columns that application rules look at.

    `digest` makes a combination unique; `application` follows from the rules and can be derived anew.
    """

    digest = models.CharField(max_length=32, unique=True)
    consumer = models.CharField(max_length=200, help_text="The best name the log has")
    team = models.CharField(max_length=200, blank=True)
    key_alias = models.CharField(max_length=200, blank=True)
    tags = models.CharField(max_length=500, blank=True, help_text="Joined by commas, sorted")
    service = models.CharField(max_length=200, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    internal = models.BooleanField(default=False)
    application = models.ForeignKey(Application, models.PROTECT, related_name="identities")
    origin = models.ForeignKey(Source, models.SET_NULL, null=True, related_name="+", db_index=False)
    origin_day = DayField(help_text="Day of the first record that named it")

    class Meta:
        verbose_name_plural = "identities"
        # How many did this source bring for this day? (their number is bounded)
        indexes = [models.Index(fields=["origin", "origin_day"], name="identity_origin")]

    def __str__(self) -> str:
        return self.consumer


class CalledName(models.Model):
    """A distinct (source, platform, name as called, endpoint). `platform` "" is unknown.

    Per source, because a source's own deployment map decides first what a name means.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="names", db_index=False)
    platform = models.CharField(max_length=60, blank=True)
    called_as = models.CharField(max_length=300, help_text='Exactly as logged; "" when the log does not tell')
    endpoint = models.CharField(max_length=100, blank=True)
    origin_day = DayField(help_text="Day of the first record that used it")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "called_as", "platform", "endpoint"], name="called_name_once"
            )
        ]
        # How many are there for this day? (their number is bounded)
        indexes = [models.Index(fields=["source", "origin_day"], name="called_name_origin")]

    def __str__(self) -> str:
        return self.called_as or "(unknown)"


class Measures(models.Model):
    """The measures of a rollup; null where the source does not report one."""

    calls = models.BigIntegerField(null=True)
    errors = models.BigIntegerField(null=True)
    gone = models.BigIntegerField(null=True)
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cost_nano = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class HourlyRollup(Measures):
    """Sums per (hour UTC, source, identity, name)."""

    hour = HourField()
    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            # The merge's conflict target; hour first, so that reports over days and pruning use it too.
            models.UniqueConstraint(fields=["hour", "source", "identity", "name"], name="hourly_once")
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} {self.name_id} by {self.identity_id}: {self.calls} calls"


class DailyRollup(Measures):
    """Sums per (day UTC, source, identity, name); kept for ever."""

    day = DayField()
    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "source", "identity", "name"], name="daily_once")]
        indexes = [
            # Which days did this source report? (health, quiet days)
            models.Index(fields=["source", "day"], name="daily_source_day"),
            # Who calls this name, and when? (re-resolution, uncatalogued names)
            models.Index(fields=["name", "day"], name="daily_name_day"),
            # What does this identity call? (re-attribution)
            models.Index(fields=["identity", "day"], name="daily_identity_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.name_id} by {self.identity_id}: {self.calls} calls"


class LatestCall(models.Model):
    """The call that proves that an identity uses a name: when and where it was last told, never what it said.

    Without a request id where the log has none. `seconds` is 0 for a call of its own, or the width of the
    bucket that began `at`, where a source tells sums only.
    """

    identity = models.ForeignKey(Identity, models.CASCADE, related_name="+", db_index=False)
    name = models.ForeignKey(CalledName, models.CASCADE, related_name="+")
    at = models.BigIntegerField(help_text="Seconds since 1970")
    seconds = models.PositiveIntegerField(default=0)
    path = models.CharField(max_length=1000, blank=True)
    line = models.BigIntegerField(default=0, help_text="From 1; 0 where it is not known")
    request_id = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["identity", "name"], name="latest_call_once")]

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M:%S}"

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


class AggregateRow(Measures):
    """The newest value that an aggregated source told of one key in one bucket; what the rollups hold of it.

    A bucket told again replaces its value, and the rollups move by the difference. `key` is a hash of
    everything by which the source tells its rows apart. `seconds` is the bucket's width. 0 marks a running
    total instead: a counter as it stood within the hour `start`, of which only the growth counts. Rows go
    once both their bucket and the day on which they were told are old (`usage.retention`).
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=32)
    start = models.DateTimeField()
    seconds = models.PositiveIntegerField()
    identity = models.ForeignKey(Identity, models.RESTRICT, related_name="+")
    name = models.ForeignKey(CalledName, models.RESTRICT, related_name="+")
    told_on = DayField(null=True, help_text="Day on which it was told last")

    class Meta:
        # The key first: a delivery asks for its keys, over the days it tells of.
        constraints = [models.UniqueConstraint(fields=["source", "key", "start"], name="aggregate_once")]
        # Which are old enough to go? (retention)
        indexes = [models.Index(fields=["source", "start"], name="aggregate_start")]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.name_id} by {self.identity_id}: {self.calls} calls"


class StaleDay(models.Model):
    """A day whose rollups changed and whose sums above them (`findings.Traffic`) must follow.

    Written in the transaction that changes the rollups. One row per change, not per day: the reader
    deletes exactly the rows it saw, so a change that lands meanwhile is never forgotten.
    """

    day = DayField(db_index=True)

    def __str__(self) -> str:
        return str(self.day)


class SeenIds(models.Model):
    """64-bit hashes of the ids of calls counted in one hour of one source; a call delivered again is in here.

    A segment is appended with each checkpoint, in its transaction; segments of an hour are merged when
    they become many.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    hour = HourField()
    hashes = models.BinaryField()
    added_on = DayField(help_text="Day on which they were read")

    class Meta:
        indexes = [
            models.Index(fields=["source", "hour"], name="seen_ids_hour"),
            # Which are old enough to go? (retention)
            models.Index(fields=["added_on"], name="seen_ids_added"),
        ]

    def __str__(self) -> str:
        return f"{len(self.hashes) // 8} ids of {self.hour:%Y-%m-%d %H:00}"


class Walk(models.Model):
    """How far the objects under one prefix of a bucket are listed, in the order of their keys.

    A walk is a `front`, over what is dated recently, or a whole one. `cursor` is the key behind which the walk
    under way goes on, "" when none is. `listed` objects were passed by it, of `total` that there were when it
    began (None: not counted).
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    prefix = models.CharField(max_length=1000, blank=True)
    front = models.BooleanField(default=False)
    cursor = models.CharField(max_length=1100, blank=True)
    since = DayField(null=True, help_text="The first day that the walk under way, or the last whole one, looks at")
    listed = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    failures = models.BigIntegerField(default=0, help_text="Objects that this walk could not get")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(
        null=True, help_text="When one that began at `since` or before it last ended"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "prefix", "front"], name="walk_once")]

    def __str__(self) -> str:
        return f"{'front' if self.front else 'whole'} walk of {self.prefix or '(all)'}"


class ReadObjects(models.Model):
    """64-bit hashes of the objects (key and ETag) of one folder that were read, and need not be read again.

    A segment is appended in the transaction that counts what the objects hold; small ones are merged when
    they become many.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    folder = models.CharField(max_length=32, help_text="Hash of the folder's name")
    hashes = models.BinaryField()

    class Meta:
        # Which objects of these folders were read? Asked for every page of a listing.
        indexes = [models.Index(fields=["source", "folder"], name="read_objects_folder")]

    def __str__(self) -> str:
        return f"{len(self.hashes) // 8} objects of {self.folder}"


class RejectedLine(models.Model):
    """A line that could not be counted: where it is and why. Bounded in number and age; content is redacted."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+", db_index=False)
    path = models.CharField(max_length=1000)
    line = models.BigIntegerField()
    offset = models.BigIntegerField(help_text="Byte offset in the inflated content")
    reason = models.CharField(max_length=300)
    sample = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    objects: ClassVar[RejectedLineQuerySet] = RejectedLineQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "-id"], name="rejected_newest")]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"
