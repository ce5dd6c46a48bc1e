"""What others push into a source: whole files, kept nowhere once they are counted.

A file is read by the rules of an import: known by content and by ids, each call once. It lies in the state
folder only while it is read; the name it is remembered by says who sent it and when.
"""

from datetime import datetime
from pathlib import Path

from django.db import OperationalError
from django.utils.text import slugify

from dashboard.usage.connectors.tempdir import known_as
from dashboard.usage.ingest.pipeline import Counts, InputError, Session
from dashboard.usage.models import Source, SourceKind
from dashboard.usage.records import clean

__all__ = ["Busy", "NotTaken", "Paused", "Unknown", "WrongKind", "delivered", "find", "take_file"]

TAKES = (SourceKind.PUSH, SourceKind.IMPORT)


class NotTaken(Exception):  # noqa: N818  named for what it means to whoever pushes
    """A delivery that was not counted, or not all of it: why, in a sentence."""


class Unknown(NotTaken):
    """No such source."""


class WrongKind(NotTaken):
    """A source that fetches for itself."""


class Paused(NotTaken):
    """Somebody stopped the source for a while."""


class Busy(NotTaken):
    """It may well be taken later."""


def find(name: str, kinds: tuple[SourceKind, ...] = TAKES) -> Source:
    """The source of this short name (or name that makes it), if it takes what is pushed. Raises NotTaken."""
    name = name.replace("\0", "").strip()
    wanted = Source.objects.filter(slug=name[:60]).first()
    source = wanted or Source.objects.filter(slug=slugify(name)[:60]).first()
    if source is None:
        raise Unknown(
            f"There is no source {clean(name, 60)!r}. Add one of the kind push first: "
            "on the pages under Sources, Add a source, Pushed to Sundial"
        )
    if source.kind not in kinds:
        raise WrongKind(f"The source {source.slug} is of the kind {source.kind}: push into one of the kind push")
    if source.paused:
        raise Paused(f"The source {source.slug} is paused; an editor may resume it on its page")
    return source


def take_file(source: Source, path: Path, format_name: str, name: str, now: datetime) -> Counts:
    """Count a whole file that was sent, and remember it by `name`. Raises NotTaken.

    What could be read of a file that is damaged further on stays counted: sent again whole, it counts on.
    """
    session = Session(source, now)
    try:
        try:
            counts = session.import_file(path, format_name)
        finally:
            known_as(source, path, name)
    except InputError as problem:
        words = str(problem).removeprefix(str(path)).removeprefix(":").strip()
        delivered(source, f"{name} {words}", now)
        if not Source.objects.filter(pk=source.pk).exists():
            raise Unknown(f"The source {source.slug} was deleted meanwhile") from None
        raise (Busy if "try again" in words else NotTaken)(f"The body {words}") from None
    except OperationalError:
        raise Busy("The database is busy; what was counted stays counted, so send it again") from None
    delivered(source, session.dimensions.overflow, now)
    return counts


def delivered(source: Source, problem: str, now: datetime) -> None:
    """Something came in: when, and what was wrong with it."""
    Source.objects.filter(pk=source.pk).update(problem=problem[:500], polled_at=now)
