"""The lifecycle of a catalog entry: stage, sunset and days left, derived from what was known on a day.

Pure: dates in, answers out. Days are UTC calendar days of the platform.
"""

import calendar
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, get_args

__all__ = ["STAGES", "EntryState", "Step", "earliest", "effective_step", "last_day", "lies_in", "stage_of"]

Stage = Literal["active", "legacy", "deprecated", "retired"]
STAGES: tuple[str, ...] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class Step:
    """A milestone as known on a day. `on` is None when the source states that there is no date."""

    kind: str
    on: date | None
    precision: str = "day"
    region: str = ""
    source_url: str = ""
    known_on: date | None = None

    @property
    def announces_sunset(self) -> bool:
        """Whether it announces the end: a notice, or a sunset day that is not a floor."""
        if self.kind == "announced":
            return self.on is not None
        return self.kind == "sunset" and self.on is not None and self.precision != "not_before"


@dataclass(frozen=True)
class EntryState:
    """One catalog entry as known on `as_of`, ready for rules and pages."""

    pk: int
    platform: str
    id: str
    vendor: str
    kind: str
    confidence: str
    as_of: date
    steps: tuple[Step, ...] = ()
    on_sunset: str = ""
    replacements: tuple[int, ...] = ()
    """Primary keys of the recommended entries, in order."""
    source_url: str = ""
    """The source address of its sunset or, without one, of its latest revision."""
    first_known_on: date | None = None
    """The day from which a sunset was announced without interruption; None while there is none."""
    released_on: date | None = None
    is_known: bool = True
    """Released by that day, or covered by a revision by then."""
    platform_name: str = ""
    """The platform's display name (`OpenAI API`); `platform` is its slug."""

    @cached_property
    def sunset(self) -> Step | None:
        return earliest(self.steps, "sunset")

    @cached_property
    def sunset_on(self) -> date | None:
        return self.sunset.on if self.sunset else None

    @property
    def sunset_precision(self) -> str:
        return self.sunset.precision if self.sunset else ""

    @cached_property
    def announced_on(self) -> date | None:
        step = earliest(self.steps, "announced")
        return step.on if step else None

    @cached_property
    def legacy_on(self) -> date | None:
        step = earliest(self.steps, "legacy")
        return step.on if step else None

    @cached_property
    def stage(self) -> Stage:
        return stage_of(self.steps, self.as_of)

    @cached_property
    def is_retiring(self) -> bool:
        """A sunset is announced or past: an application that calls this has something to do."""
        return self.stage in {"deprecated", "retired"}

    @property
    def days_left(self) -> int | None:
        """Whole days to the sunset date, negative after it; None without a date."""
        return (self.sunset_on - self.as_of).days if self.sunset_on else None

    @property
    def key(self) -> str:
        return f"{self.platform}/{self.id}"

    @property
    def unverified(self) -> bool:
        return self.confidence == "low"


def earliest(steps: tuple[Step, ...], kind: str) -> Step | None:
    """The step of a kind that applies first: the worldwide one, else the earliest of all regions."""
    dated = [step for step in steps if step.kind == kind and step.on]
    worldwide = [step for step in dated if not step.region]
    return min(worldwide or dated, key=lambda step: (step.on, step.region), default=None)


def effective_step(steps: tuple[Step, ...], kind: str, region: str = "") -> Step | None:
    """The step of a kind that applies in `region`: the region's own, else the worldwide one.

    Without either, the earliest of the regions that it may be in. `region` is as the platform writes it
    (`us-east-1`); a geography (`us`, `eu`) stands for every region whose name starts with it, so the
    earliest of those counts: a platform may route a call to any of them. "" is a caller somewhere.
    """
    if region:
        own = [s for s in steps if s.kind == kind and s.on and s.region and lies_in(s.region, region)]
        if own:
            return min(own, key=lambda step: (step.on, step.region))
    return earliest(steps, kind)


def lies_in(step_region: str, region: str) -> bool:
    """Calls served in `region`, or in the geography that it stands for, may be served in `step_region`."""
    return step_region == region or step_region.startswith(f"{region}-")


def last_day(step: Step) -> date | None:
    """The last day on which calls may still work: for a month, its last day.

    None where the day itself proves nothing: a floor (`not_before`) and a `tentative` day pass without
    anything having to happen.
    """
    if not step.on or step.precision in {"not_before", "tentative"}:
        return None
    if step.precision == "month":
        return step.on.replace(day=calendar.monthrange(step.on.year, step.on.month)[1])
    return step.on


def stage_of(steps: tuple[Step, ...], as_of: date) -> Stage:
    """The stage on a day, from the steps known by then.

    Retired from the sunset day itself on (the day calls stop working), for a month from its last day on;
    with dates by region only, once the last region has ended.
    Deprecated once a sunset is announced, by an announcement or by a sunset date that is more than a
    floor: platforms publish "not before" days for models that nobody has announced the end of.
    """
    if _has_ended(steps, as_of):
        return "retired"
    sunset = earliest(steps, "sunset")
    announced = earliest(steps, "announced")
    if announced and announced.on and announced.on <= as_of:
        return "deprecated"
    if sunset and sunset.precision != "not_before":
        return "deprecated"
    legacy = earliest(steps, "legacy")
    if legacy and legacy.on and legacy.on <= as_of:
        return "legacy"
    return "active"


def _has_ended(steps: tuple[Step, ...], as_of: date) -> bool:
    dated = [step for step in steps if step.kind == "sunset" and step.on]
    worldwide = [step for step in dated if not step.region]
    ends = [last_day(step) for step in worldwide or dated]
    return bool(ends) and all(end is not None and end <= as_of for end in ends)
