"""Files that others send over the API: imported, and kept nowhere once they are counted.

A file is read by the rules of an import: recognised by content and by ids, each call once. It lies in a temporary
folder only while it is read; its rows carry a name that says who sent it and when.
"""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.db import OperationalError
from django.utils.text import slugify

from dashboard.usage.connectors.push.connector import PushConnector
from dashboard.usage.connectors.registry import push_kinds
from dashboard.usage.connectors.tempdir import rename_content
from dashboard.usage.ingest.errors import InputBusyError, InputError
from dashboard.usage.ingest.pipeline import Counts, Session
from dashboard.usage.models import Source
from dashboard.usage.records import clean

__all__ = [
    "PushError",
    "SourcePausedError",
    "TryAgainError",
    "UnknownSourceError",
    "WrongSourceKindError",
    "import_upload",
    "otlp_source",
    "push_source",
    "record_upload",
]

DEFAULT_OTLP_SOURCE = "otlp"


class PushError(Exception):
    """A delivery that was not counted, or not all of it: why, in a sentence."""


class UnknownSourceError(PushError):
    """No such source."""


class WrongSourceKindError(PushError):
    """A source that takes no such delivery."""


class SourcePausedError(PushError):
    """The source is paused."""


class TryAgainError(PushError):
    """Not counted now; the same delivery may be counted later."""


def push_source(name: str, kinds: Iterable[str] = ()) -> Source:
    """The source of this slug or name, if it is of one of `kinds`. Raises PushError.

    Without `kinds`, it may be of every kind that accepts files.
    """
    name = name.replace("\0", "").strip()
    wanted = Source.objects.filter(slug=name[:60]).first()
    source = wanted or Source.objects.filter(slug=slugify(name)[:60]).first()
    if source is None:
        raise UnknownSourceError(
            f"There is no source {clean(name, 60)!r}. Add one of the kind push first: "
            "on the pages under Sources, Add a source, Pushed to Sundial"
        )
    if source.kind not in (kinds or push_kinds()):
        raise WrongSourceKindError(
            f"The source {source.slug} is of the kind {source.kind}: push into one of the kind push"
        )
    if source.paused:
        raise SourcePausedError(f"The source {source.slug} is paused; an editor may resume it on its page")
    return source


def otlp_source(name: str) -> Source:
    """The push source of this name. Raises PushError.

    Without a name, it is the only push source there is, or the one called `otlp`.
    """
    kinds = [PushConnector.kind]
    if not name.strip():
        sources = Source.objects.filter(kind__in=kinds).order_by("pk")
        slugs = list(sources.values_list("slug", flat=True)[:2])
        is_default = len(slugs) != 1
        if is_default and not sources.filter(slug=DEFAULT_OTLP_SOURCE).exists():
            raise UnknownSourceError(
                f"Say which source: ?source=NAME; without it, the push source {DEFAULT_OTLP_SOURCE!r} is meant"
            )
        name = DEFAULT_OTLP_SOURCE if is_default else slugs[0]
    return push_source(name, kinds)


def import_upload(source: Source, path: Path, format_name: str, name: str, now: datetime) -> Counts:
    """Count a whole file that was sent, and save it under `name`. Raises PushError.

    What could be read of a file that is damaged further on stays counted; sent again whole, the rest is counted.
    """
    session = Session(source, now)
    try:
        try:
            counts = session.import_file(path, format_name)
        finally:
            rename_content(source, path, name)
    except InputError as error:
        record_upload(source, f"{name} {error.reason}", now)
        if not Source.objects.filter(pk=source.pk).exists():
            raise UnknownSourceError(f"The source {source.slug} was deleted meanwhile") from None
        failure = TryAgainError if isinstance(error, InputBusyError) else PushError
        raise failure(f"The body {error.reason}") from None
    except OperationalError:
        raise TryAgainError("The database is busy; what was counted stays counted, so send it again") from None
    record_upload(source, session.dimensions.overflow, now)
    return counts


def record_upload(source: Source, problem: str, now: datetime) -> None:
    """Save when the last delivery came, and its problem ("" for none)."""
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
