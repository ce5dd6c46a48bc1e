"""What others push into a source: whole files, kept nowhere once they are counted.

A file is read by the rules of an import: known by content and by ids, each call once. It lies in the state
folder only while it is read; the name it is remembered by says who sent it and when.
"""

from datetime import datetime
from pathlib import Path

from django.db import OperationalError
from django.utils.text import slugify

from dashboard.usage.connectors.tempdir import rename_content
from dashboard.usage.ingest.errors import InputBusyError, InputError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import Source, SourceKind
from dashboard.usage.records import clean

__all__ = [
    "PushError",
    "SourcePausedError",
    "TryAgainError",
    "UnknownSourceError",
    "WrongSourceKindError",
    "import_upload",
    "push_source",
    "record_upload",
]

TAKES = (SourceKind.PUSH, SourceKind.IMPORT)


class PushError(Exception):
    """A delivery that was not counted, or not all of it: why, in a sentence."""


class UnknownSourceError(PushError):
    """No such source."""


class WrongSourceKindError(PushError):
    """A source that fetches for itself."""


class SourcePausedError(PushError):
    """Somebody stopped the source for a while."""


class TryAgainError(PushError):
    """It may well be taken later."""


def push_source(name: str, kinds: tuple[SourceKind, ...] = TAKES) -> Source:
    """The source of this short name (or name that makes it), if it takes what is pushed. Raises NotTaken."""
    name = name.replace("\0", "").strip()
    wanted = Source.objects.filter(slug=name[:60]).first()
    source = wanted or Source.objects.filter(slug=slugify(name)[:60]).first()
    if source is None:
        raise UnknownSourceError(
            f"There is no source {clean(name, 60)!r}. Add one of the kind push first: "
            "on the pages under Sources, Add a source, Pushed to Sundial"
        )
    if source.kind not in kinds:
        raise WrongSourceKindError(
            f"The source {source.slug} is of the kind {source.kind}: push into one of the kind push"
        )
    if source.paused:
        raise SourcePausedError(f"The source {source.slug} is paused; an editor may resume it on its page")
    return source


def import_upload(source: Source, path: Path, format_name: str, name: str, now: datetime) -> Counts:
    """Count a whole file that was sent, and remember it by `name`. Raises NotTaken.

    What could be read of a file that is damaged further on stays counted: sent again whole, it counts on.
    """
    session = Session(source, now)
    try:
        try:
            counts = session.import_file(path, format_name)
        finally:
            rename_content(source, path, name)
    except InputError as problem:
        words = str(problem).removeprefix(str(path)).removeprefix(":").strip()
        record_upload(source, f"{name} {words}", now)
        if not Source.objects.filter(pk=source.pk).exists():
            raise UnknownSourceError(f"The source {source.slug} was deleted meanwhile") from None
        raise (TryAgainError if isinstance(problem, InputBusyError) else PushError)(f"The body {words}") from None
    except OperationalError:
        raise TryAgainError("The database is busy; what was counted stays counted, so send it again") from None
    record_upload(source, session.dimensions.overflow, now)
    return counts


def record_upload(source: Source, problem: str, now: datetime) -> None:
    """Something came in: when, and what was wrong with it."""
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
