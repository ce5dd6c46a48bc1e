"""The region or geography that a model name states, and the end date that applies to its calls.

Pure. Platforms retire a model by region (Bedrock's lifecycle page does), and some names state where they
are served: ARNs, a gateway's `bedrock/us-west-2/`, cross-region profiles such as `eu.anthropic...`, and
Vertex AI's resource names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from dashboard.catalog.lifecycle import EntryState, Step, effective_step, last_day, lies_in
from dashboard.catalog.names.prefixes import strip_prefixes

__all__ = ["ENDS", "IDLE_DAYS", "DueDate", "due_date", "due_date_varies", "name_with_region", "region_in_name"]

_PROFILE = re.compile(r"(us-gov|us|eu|apac|au|jp|ca|sa|global)\.[a-z0-9]+\..+")
_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:([a-z0-9-]+):.+")
_ROUTE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)/.+")
_LOCATION = re.compile(r".*\blocations/([a-z0-9-]+)/.+")

# What a profile's prefix stands for, as the beginning of its regions' names; `global` is anywhere.
_GEOGRAPHIES = {
    "us-gov": "us-gov",
    "us": "us",
    "eu": "eu",
    "apac": "ap",
    "au": "ap-southeast-2",
    "jp": "ap-northeast-1",
    "ca": "ca",
    "sa": "sa",
    "global": "",
}

MAX_REGION = 40
ENDS = ("sunset", "lockout")
"""The milestones that end calls; a lock-out those of idle accounts only."""
IDLE_DAYS = 15
"""An application without a call for this many days counts as idle."""


@dataclass(frozen=True, slots=True)
class DueDate:
    """The earliest end that applies to an application's calls, as of a day. Other regions may have other days."""

    step: Step
    on: date
    days_left: int
    """Negative after it."""
    has_come: bool
    """Further calls fail or are redirected."""


def region_in_name(called_as: str, platform: str = "") -> str:
    """The region (`us-east-1`) or geography (`eu`) that a name states, "" when it states none.

    A cross-region profile counts for its geography, wherever its ARN lies: calls may be served in all of it.
    A text that is longer than any region's name is none.
    """
    region = _region_in_name(called_as, platform)
    return region if len(region) <= MAX_REGION else ""


def _region_in_name(called_as: str, platform: str) -> str:
    region = ""
    for _, name in strip_prefixes((platform, called_as)):
        if match := _PROFILE.fullmatch(name):
            return _GEOGRAPHIES[match[1]]
        for rule in (_ARN, _ROUTE, _LOCATION):
            if match := rule.fullmatch(name):
                region = region or match[1]
    return region


def due_date(entry: EntryState, regions: Iterable[str] = ("",), *, idle: bool = False) -> DueDate | None:
    """The day by which an application must be off a model: the earliest end that applies to its calls.

    A platform may stop a model in one region before another. Calls that state where they are served end with
    that region's date, be it earlier or later than elsewhere; a geography such as `eu` with the earliest of
    its regions, since a call may be served in any of them. Calls that state no region (""), and those from a
    region without a date of its own, end with the worldwide date; where there is none, with the earliest of
    all regions, to be safe. An application that calls from several places has to be ready by the first of
    these days.

    A lock-out closes a model to accounts that do not use it. It counts only for an application without
    calls for `IDLE_DAYS` days (`idle`), where it certainly applies (everywhere, or in a region that the calls
    state), and until its day: an application that calls keeps access until the sunset.

    None where no date is announced.
    """
    ends = [
        (step.on, ENDS.index(kind), region, step)
        for region in set(regions) or {""}
        for kind in (ENDS if idle else ENDS[:1])
        if (step := effective_step(entry.steps, kind, region)) and step.on
        if kind == "sunset" or (step.on >= entry.as_of and (not step.region or _surely_in(step, region)))
    ]
    if not ends:
        return None
    on, _, region, step = min(ends, key=lambda end: (*end[:3], end[3].region))
    return DueDate(step, on, (on - entry.as_of).days, _has_come(entry, step, region))


def _surely_in(step: Step, region: str) -> bool:
    return bool(step.region and region) and lies_in(step.region, region)


def _has_come(entry: EntryState, step: Step, region: str) -> bool:
    """For a caller in the region of the step, with its last day; for others, once the model is retired."""
    if step.kind != "sunset" or not _surely_in(step, region):
        return step.kind == "sunset" and entry.stage == "retired"
    last = last_day(step)
    return last is not None and last <= entry.as_of


def due_date_varies(entry: EntryState) -> bool:
    """Whether the end depends on the region of the calls, or on whether the application is idle."""
    return any(s.kind == "lockout" or (s.kind == "sunset" and s.region) for s in entry.steps if s.on)


def name_with_region(entry: EntryState, step: Step, names: Iterable[str]) -> str | None:
    """The first of these names by which calls of `entry` meet `step` because of the region it states."""
    for name in names:
        if _surely_in(step, region_in_name(name, entry.platform)):
            return name
    return None
