"""What a connector is: the code behind one kind of source. The registry lists them.

A kind is a package here with a `Connector`, and a form in `dashboard.web.sources.forms_by_kind`. Drivers (boto3,
SQLAlchemy, DuckDB) are imported where they are used, so that listing the kinds loads none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple, TypeAlias

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import Batch, Called, Caller, Reject

__all__ = [
    "Connector",
    "ConnectorError",
    "Detail",
    "EnqueueFile",
    "FileId",
    "PollResult",
    "PreviewError",
    "Progress",
    "ProgressUnit",
    "Sample",
    "SampleRecord",
    "Words",
]

Words: TypeAlias = str | Promise
FileId: TypeAlias = tuple[int, int]
"""Device and inode of a file."""
EnqueueFile: TypeAlias = Callable[[FileId, str], object]
"""Enqueues the reading of one large file; its second argument is the claim on the file's lock."""
ProgressUnit = Literal["seconds", "bytes", "objects"]


class ConnectorError(Exception):
    """A source cannot be read as it is configured, or cannot be reached: sentences without secrets.

    `field` is the field of `Source` that has to change, "" for `config`.
    """

    def __init__(self, *problems: str, field: str = "") -> None:
        super().__init__("; ".join(problems))
        self.problems, self.field = problems, field


class PreviewError(Exception):
    """A source cannot be sampled: one sentence without secrets, and what to do about it ("" if that is clear)."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


class PollResult(NamedTuple):
    """What a poll counted, and the problem it met ("" for none)."""

    counts: Counts
    problem: str = ""


class Detail(NamedTuple):
    """One line of a source's description on its page."""

    label: Words
    values: tuple[str, ...]
    is_code: bool = True


@dataclass(frozen=True, slots=True)
class SampleRecord:
    """One record of a sample: `start` in seconds since 1970, its width in `seconds`, measures as in rollups."""

    start: int
    seconds: int
    caller: Caller
    called: Called
    measures: tuple[int | None, ...]


@dataclass
class Sample:
    """What a preview read. The counts are of everything that was read, `records` are the first of it.

    `why` says how the format was recognised, "" when it was chosen. `is_whole` is False when only the beginning
    was read. `others` counts further files of the source, `remark` is a problem with one of its paths.
    """

    place: str
    format: str
    why: str
    records: list[SampleRecord] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    is_whole: bool = True
    others: int = 0
    remark: str = ""

    def count(self, batch: Batch) -> None:
        self.rejects = batch.rejects
        self.accepted, self.rejected, self.skipped = batch.accepted, batch.rejected, batch.skipped


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total`, in `unit`; `total` and `share` (0 to 1) are None where the total is not known.

    Of time, UTC: everything from `complete_from` to `complete_until` was read, and `started_on` to `target` is
    wanted. History is read newest first, so `complete_from` moves back until it is `started_on`.
    Of bytes and objects these four are None, but for objects `started_on`: when the listing began.
    """

    unit: ProgressUnit
    done: int
    total: int | None
    share: float | None
    started_on: datetime | None = None
    complete_from: datetime | None = None
    complete_until: datetime | None = None
    target: datetime | None = None

    @property
    def is_complete(self) -> bool:
        return self.share == 1

    @staticmethod
    def share_of(done: int, total: int) -> float:
        return min(1.0, max(0.0, done / total)) if total > 0 else 1.0


class Connector:
    """One kind of source. A subclass sets the attributes and overrides what its kind can do.

    A connector has no state: one object serves all sources of its kind.
    """

    kind: ClassVar[str]
    """As stored in `Source.kind`, at most 20 characters."""
    label: ClassVar[Words]
    description: ClassVar[Words] = ""
    """What it reads, in a few words, for whoever chooses a kind."""
    not_polled_reason: ClassVar[str] = ""
    """Why polls leave it out; "" for kinds that are polled."""
    is_complete: ClassVar[bool] = False
    """Whether no more usage is expected than it has, so that nothing can be paused, polled or silent."""
    accepts_push: ClassVar[bool] = False
    """Whether files may be sent to it over the API."""
    stores_window: ClassVar[bool] = False
    """Whether sums of a time span are asked for again and replaced; progress is kept in `SyncWindow` rows."""
    has_history: ClassVar[bool] = False
    """Whether it is read from the day `since` of its configuration, so that it can be back-filled."""
    has_format: ClassVar[bool] = True
    """Whether its records come in a log format, `Source.format`."""
    has_local_files: ClassVar[bool] = False
    """Whether what it reads are files of this machine, with a size on disk."""
    items_label: ClassVar[Words] = gettext_lazy("Files")
    """Heading of the list of what was read: files, prefixes, tables."""
    item_label: ClassVar[Words] = gettext_lazy("File")
    no_items: ClassVar[tuple[Words, Words]] = (
        gettext_lazy("No file has been read"),
        gettext_lazy("Files appear here as soon as one is found."),
    )
    """Title and text while that list is empty."""

    @property
    def is_polled(self) -> bool:
        return not self.not_polled_reason

    @property
    def poll_queue(self) -> str:
        """The Celery queue of its polls: those that wait for another machine are kept apart from ingest."""
        return "ingest" if self.has_local_files else "remote"

    def validate(self, source: Source) -> None:
        """Check the configuration of a source, without asking anyone. Raises ConnectorError or SecretError."""

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        """Read what is new. Large files may be given to `enqueue_file` for another worker."""
        raise NotImplementedError

    def poll_file(self, source: Source, file_id: FileId, token: str, now: datetime) -> PollResult:
        """Read what is new in one file that `poll` gave to `enqueue_file`."""
        raise NotImplementedError

    def preview(self, source: Source, now: datetime) -> Sample:
        """A bounded sample of what a source holds; writes nothing. Raises PreviewError."""
        raise PreviewError(_("A source of this kind cannot be tested"))

    def progress(self, source: Source, now: datetime) -> Progress | None:
        """How much of what there is was read; None before the first poll, and for kinds without a measure."""
        return None

    def describe(self, source: Source) -> list[Detail]:
        """What its configuration says, for the source's page: no secrets."""
        return []
