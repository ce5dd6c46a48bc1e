"""What a source would bring, before it is saved: its first records as they would be counted, and what would not.

Nothing is written: no stream, no rollup, no application. What was said in a call is in no format's answer, so it
is in none here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.core.timeouts import run_with_timeout
from dashboard.usage.application_rules import application_slug, first_match
from dashboard.usage.attribution import load_rules
from dashboard.usage.connectors.files.connector import source_files
from dashboard.usage.connectors.files.preview import PreviewError, Sample, SampleRecord, sample_file
from dashboard.usage.connectors.preview_base import sample_api, sample_bucket, sample_table
from dashboard.usage.models import Application, Source, SourceKind
from dashboard.usage.records import Caller, Reject

__all__ = ["REJECTED", "Preview", "PreviewApplication", "PreviewRecord", "preview"]

REJECTED = 10
SECONDS = 40
"""How long somebody waits for a test; most parts of it have shorter bounds of their own."""


class PreviewApplication(NamedTuple):
    """The application that calls would count for; `is_new` when reading would make it."""

    name: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class PreviewRecord:
    """One record as it would be counted.

    `at` is UTC, the beginning of the hour or bucket, which lasts `seconds`. A measure that is not told is None;
    `cost` is in USD. `platform` is the source's own where the record does not tell.
    """

    at: datetime
    seconds: int
    caller: Caller
    application: PreviewApplication
    platform: str
    called_as: str
    endpoint: str
    calls: int | None
    errors: int | None
    gone: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a test found. With a `problem` there is nothing else but `advice`, what to do about it.

    `accepted`, `rejected` and `skipped` (no model call) count what was looked at: all of `place`, or its
    beginning when not `is_whole`. `rejects` are the first of each reason. `others` are further files that match.
    """

    problem: str = ""
    advice: str = ""
    place: str = ""
    others: int = 0
    format: str = ""
    why: str = ""
    records: tuple[PreviewRecord, ...] = ()
    rejects: tuple[Reject, ...] = ()
    accepted: int = 0
    rejected: int = 0
    skipped: int = 0
    is_whole: bool = True
    remark: str = ""
    """What is odd about the place, such as another path that does not exist."""


def preview(source: Source, now: datetime) -> Preview:
    """Look into a source, which need not be saved. Any trouble with it is the answer's problem."""
    try:
        glimpse, others, remark = run_with_timeout(lambda: _glimpse(source, now), SECONDS)
    except PreviewError as none:
        return Preview(problem=none.problem, advice=none.advice)
    except TimeoutError:
        return Preview(
            problem=_("There was no answer within %(n)s seconds") % {"n": SECONDS},
            advice=_("Check that it can be reached from here, and is not overloaded; then test again."),
        )
    applications = _applications({one.caller for one in glimpse.seen})
    return Preview(
        place=glimpse.place,
        others=others,
        format=glimpse.format,
        why=glimpse.why,
        records=tuple(_record(one, applications[one.caller], source) for one in glimpse.seen),
        rejects=_one_of_each(glimpse.rejects),
        accepted=glimpse.accepted,
        rejected=glimpse.rejected,
        skipped=glimpse.skipped,
        is_whole=glimpse.is_whole,
        remark=remark,
    )


def _one_of_each(rejects: Iterable[Reject]) -> tuple[Reject, ...]:
    """The first of each reason."""
    found: dict[str, Reject] = {}
    for reject in rejects:
        found.setdefault(reject.reason, reject)
    return tuple(found.values())[:REJECTED]


def _glimpse(source: Source, now: datetime) -> tuple[Sample, int, str]:
    """What a first look finds, how many other files there are, and what is wrong with a path."""
    if source.kind == SourceKind.WATCH:
        return _newest_file(source, now)
    if source.kind == SourceKind.SQL:
        return sample_table(source.config, now), 0, ""
    if source.kind == SourceKind.HTTP:
        return sample_api(source.config, now), 0, ""
    if source.kind == SourceKind.S3:
        return sample_bucket(source.format, source.config, now), 0, ""
    raise PreviewError(_("A source of this kind cannot be tested"))


def _newest_file(source: Source, now: datetime) -> tuple[Sample, int, str]:
    """The file that changed last, how many others there are, and what is wrong with a path."""
    found = source_files(source)
    files = [file for file in found.files if file.size]
    if files:
        return sample_file(files[-1].path, source.format, source.config, now), len(files) - 1, found.problem
    if found.problem:
        raise PreviewError(
            found.problem, _("Check the spelling, and that the user that runs Sundial may read it.")
        )
    if found.files:
        empty = ngettext("The file there is empty", "All %(n)s files there are empty", len(found.files))
        raise PreviewError(
            empty % {"n": len(found.files)}, _("Save the source: it is read as soon as something is written.")
        )
    raise PreviewError(
        _("No file matches these paths"),
        _("A folder stands for everything below it; a pattern such as /var/log/gateway/*.jsonl names files."),
    )


def _applications(callers: Iterable[Caller]) -> dict[Caller, PreviewApplication]:
    """Whose calls these would be, by the rules as they are now; nothing is made."""
    ruled = load_rules()
    chosen = {caller: first_match(ruled, caller) for caller in callers}
    slugs = {caller: application_slug(caller.consumer) for caller, pk in chosen.items() if pk is None}
    by_pk = dict(Application.objects.filter(pk__in=filter(None, chosen.values())).values_list("pk", "name"))
    by_slug = dict(Application.objects.filter(slug__in=slugs.values()).values_list("slug", "name"))
    found = {}
    for caller, pk in chosen.items():
        name = by_pk.get(pk) if pk is not None else by_slug.get(slugs[caller])
        found[caller] = PreviewApplication(name or caller.consumer, is_new=name is None)
    return found


def _record(one: SampleRecord, application: PreviewApplication, source: Source) -> PreviewRecord:
    calls, errors, gone, taken, given, nano = one.measures
    return PreviewRecord(
        at=datetime.fromtimestamp(one.start, UTC),
        seconds=one.seconds,
        caller=one.caller,
        application=application,
        platform=one.called.platform or source.platform,
        called_as=one.called.called_as,
        endpoint=one.called.endpoint,
        calls=calls,
        errors=errors,
        gone=gone,
        input_tokens=taken,
        output_tokens=given,
        cost=None if nano is None else nano / 1e9,
    )
