"""The shapes of answers, for validation and for the OpenAPI document. Days are UTC; unknown values are null."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Deadline",
    "DeadlineDetail",
    "DeadlinePage",
    "DeadlineSeries",
    "Finding",
    "FindingPage",
    "ImportCounts",
    "Model",
    "ModelPage",
    "Page",
]


class Page(BaseModel):
    """One page of a list."""

    count: int = Field(description="items on all pages")
    next: str | None = Field(description="address of the next page")
    previous: str | None = Field(description="address of the previous page")


class Milestone(BaseModel):
    """A dated step in an entry's life."""

    kind: str
    region: str | None = Field(description="null when it holds everywhere")
    on: date | None
    precision: str


class SourcedMilestone(Milestone):
    source_url: str


class Alias(BaseModel):
    """Another name that calls the entry."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    from_on: date | None = Field(alias="from")
    to_on: date | None = Field(alias="to")
    source_url: str
    note: str


class RevisionMilestone(BaseModel):
    kind: str
    region: str
    on: date | None
    precision: str


class Revision(BaseModel):
    """What was known from a day on; `replacements` null leaves them as they were."""

    known_on: date
    source_url: str
    source_day: date | None
    note: str
    on_sunset: str | None
    replacements: list[str] | None
    milestones: list[RevisionMilestone]


class Model(BaseModel):
    """A catalog entry, a model or an endpoint, as known on the day asked about."""

    platform: str
    id: str
    vendor: str | None
    kind: str
    stage: str = Field(description="active, legacy, deprecated or retired on that day")
    announced_on: date | None
    legacy_on: date | None
    sunset_date: date | None
    sunset_precision: str | None
    on_sunset: str | None = Field(description="fails or redirects")
    replacements: list[str] = Field(description="ids, with the platform in front when it is another one")
    aliases: list[str]
    milestones: list[SourcedMilestone]
    source_url: str | None
    revisions: list[Revision]
    released_on: date | None
    confidence: str
    note: str
    alias_details: list[Alias]


class ModelPage(Page):
    results: list[Model]


class ImportCounts(BaseModel):
    """What became of an uploaded file; `records` is the sum of accepted, rejected and duplicates."""

    files: int
    records: int
    accepted: int
    rejected: int
    duplicates: int
    bytes: int
    seconds: float


class FindingEvent(BaseModel):
    """A step in a finding's history; `by` is null when nobody did it by hand."""

    on: date
    kind: str
    by: str | None
    note: str
    until: date | None


class Finding(BaseModel):
    """One application that still calls one retiring entry, as of the day asked about."""

    id: int
    application: str
    team: str
    owner: str
    platform: str
    entry: str
    kind: str
    status: str
    sunset_date: date | None = Field(description="the day on which its own calls end")
    days_left: int | None
    region: str | None = Field(description="where that day holds; null when everywhere")
    entry_sunset_date: date | None
    on_sunset: str | None
    replacements: list[str]
    first_seen: date | None
    last_seen: date | None
    calls_7d: int | None = Field(description="calls of the last seven complete days; null where none are counted")
    calls_total: int | None
    history: list[FindingEvent]


class FindingPage(Page):
    results: list[Finding]


class Forecast(BaseModel):
    """When the remaining calls reach zero, with an 80 % interval."""

    verdict: str = Field(description="done, on track, at risk, late, stalled or unknown")
    zero_on: date | None
    low: date | None
    high: date | None = Field(description="null when it may never be")


class Deadline(BaseModel):
    """All entries of one platform with the same sunset date. Means are of the last seven complete days."""

    platform: str
    sunset_date: date
    as_of: date
    days_left: int
    models: list[str]
    applications_total: int
    applications_done: int
    measure: str = Field(description="calls, or tokens where a source counts no calls")
    incomplete: bool = Field(description="some usage is left out, because it cannot be compared")
    baseline: float = Field(description="the highest seven-day mean per day since the announcement")
    remaining: float = Field(description="the seven-day mean per day now")
    progress: float | None = Field(description="1 - remaining / baseline, from 0 to 1")
    replacement_share: float | None
    failing_per_day: float
    forecast: Forecast


class DeadlinePage(Page):
    results: list[Deadline]


class DeadlineApplication(BaseModel):
    """The progress of one application."""

    application: str
    team: str
    owner: str
    status: str
    measure: str
    baseline: float
    remaining: float
    progress: float | None
    replacement: float
    last_seen: date | None
    forecast: Forecast


class DeadlineDetail(Deadline):
    applications: list[DeadlineApplication]


class SeriesDay(BaseModel):
    """One day (UTC) of a burn-down, in the deadline's measure."""

    day: date
    retiring: int
    replacement: int
    applications_remaining: int


class DeadlineSeries(BaseModel):
    platform: str
    sunset_date: date
    as_of: date
    days: list[SeriesDay]
