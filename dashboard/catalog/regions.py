"""Where a call went, as far as its name tells: a region, a geography, or nothing.

Pure. Platforms retire a model by region (Bedrock's lifecycle page does), and some names say where they
are served: ARNs, a gateway's `bedrock/us-west-2/`, cross-region profiles such as `eu.anthropic...`, and
Vertex AI's resource names.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from dashboard.catalog.lifecycle import EntryState, Step, effective_sunset
from dashboard.catalog.wrappers import Form, peel

__all__ = ["Due", "due_for", "region_of"]

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


class Due(NamedTuple):
    """The sunset that callers by some names meet first, and the region that it holds for ("" for all)."""

    step: Step
    called_as: str


def region_of(called_as: str, platform: str = "") -> str:
    """The region (`us-east-1`) or geography (`eu`) that a name states, "" when it states none.

    A cross-region profile counts for its geography, wherever its ARN lies: calls may be served in all of it.
    """
    told = ""
    for form in peel(Form(platform, called_as)):
        if found := _PROFILE.fullmatch(form.name):
            return _GEOGRAPHIES[found[1]]
        for rule in (_ARN, _ROUTE, _LOCATION):
            if found := rule.fullmatch(form.name):
                told = told or found[1]
    return told


def due_for(entry: EntryState, names: Iterable[str]) -> Due | None:
    """The earliest sunset that applies to somebody who calls `entry` by these names; None without a date."""
    dues = [
        Due(step, name)
        for name in names
        if (step := effective_sunset(entry.steps, region_of(name, entry.platform))) and step.on
    ]
    return min(dues, key=lambda due: (due.step.on, due.called_as), default=None)
