"""What a source would count, before it is saved: its first records, their applications, and the rejects.

Nothing is written: no checkpoint, no rollup, no application. No format yields prompts or responses.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.translation import gettext as _

from dashboard.core.text import mask_secrets
from dashboard.core.timeouts import run_with_timeout
from dashboard.usage.application_rules import application_slug, first_match
from dashboard.usage.attribution import load_rules
from dashboard.usage.connectors.base import PreviewError, SampleRecord
from dashboard.usage.connectors.registry import connector_for
from dashboard.usage.models import Application, Source
from dashboard.usage.records import Caller, Reject

__all__ = ["MAX_REJECTS", "Preview", "PreviewApplication", "PreviewRecord", "preview"]

MAX_REJECTS = 10
SECONDS = 40
"""The time limit of a whole preview; most steps have shorter limits of their own."""


class PreviewApplication(NamedTuple):
    """The application that calls would count for; `is_new` when reading would create it."""

    name: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class PreviewRecord:
    """One record as it would be counted.

    `at` is UTC, the start of the hour or bucket, which lasts `seconds`. A measure that is not reported is None;
    `cost` is in USD. `platform` is the source's own where the record has nsample.
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
    """The result of a preview. With a `problem` there is nothing else but `advice`, what to do about it.

    `accepted`, `rejected` and `skipped` (no model call) count what was read: all of `place`, or its beginning when
    not `is_whole`. `rejects` has the first of each reason. `others` counts further files that match.
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
    """A problem with one of its paths, such as a folder that does not exist."""


def preview(source: Source, now: datetime) -> Preview:
    """Sample a source, which need not be saved. Whatever keeps it from being read is the preview's `problem`."""
    try:
        sample = run_with_timeout(lambda: connector_for(source.kind).preview(source, now), SECONDS)
    except PreviewError as error:
        return Preview(problem=mask_secrets(error.problem), advice=error.advice)
    except TimeoutError:
        return Preview(
            problem=_("There was no answer within %(n)s seconds") % {"n": SECONDS},
            advice=_("Check that it can be reached from here, and is not overloaded; then test again."),
        )
    applications = _applications({record.caller for record in sample.records})
    return Preview(
        place=sample.place,
        others=sample.others,
        format=sample.format,
        why=sample.why,
        records=tuple(_record(record, applications[record.caller], source) for record in sample.records),
        rejects=_one_per_reason(sample.rejects),
        accepted=sample.accepted,
        rejected=sample.rejected,
        skipped=sample.skipped,
        is_whole=sample.is_whole,
        remark=sample.remark,
    )


def _one_per_reason(rejects: Iterable[Reject]) -> tuple[Reject, ...]:
    """The first reject of each reason."""
    by_reason: dict[str, Reject] = {}
    for reject in rejects:
        by_reason.setdefault(reject.reason, reject)
    return tuple(by_reason.values())[:MAX_REJECTS]


def _applications(callers: Iterable[Caller]) -> dict[Caller, PreviewApplication]:
    """The applications of callers by the present rules; none is created."""
    rules = load_rules()
    chosen = {caller: first_match(rules, caller) for caller in callers}
    slugs = {caller: application_slug(caller.consumer) for caller, pk in chosen.items() if pk is None}
    by_pk = dict(Application.objects.filter(pk__in=filter(None, chosen.values())).values_list("pk", "name"))
    by_slug = dict(Application.objects.filter(slug__in=slugs.values()).values_list("slug", "name"))
    applications = {}
    for caller, pk in chosen.items():
        name = by_pk.get(pk) if pk is not None else by_slug.get(slugs[caller])
        applications[caller] = PreviewApplication(name or caller.consumer, is_new=name is None)
    return applications


def _record(sample: SampleRecord, application: PreviewApplication, source: Source) -> PreviewRecord:
    calls, errors, gone, input_tokens, output_tokens, cost_nano = sample.measures
    return PreviewRecord(
        at=datetime.fromtimestamp(sample.start, UTC),
        seconds=sample.seconds,
        caller=sample.caller,
        application=application,
        platform=sample.called.platform or source.platform,
        called_as=sample.called.called_as,
        endpoint=sample.called.endpoint,
        calls=calls,
        errors=errors,
        gone=gone,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost=None if cost_nano is None else cost_nano / 1e9,
    )
