"""A kind of source for tests: calls that its configuration lists."""

from datetime import datetime

from dashboard.usage.buckets import HOUR
from dashboard.usage.connectors.base import (
    Connector,
    ConnectorError,
    Detail,
    EnqueueFile,
    PollResult,
    Progress,
    Sample,
    SampleRecord,
)
from dashboard.usage.ingest import aggregates
from dashboard.usage.ingest.dimensions import Dimensions
from dashboard.usage.ingest.pipeline import Counts
from dashboard.usage.models import Source
from dashboard.usage.records import BucketValue, Called, Caller

__all__ = ["ToyConnector"]


class ToyConnector(Connector):
    kind = "toy"
    label = "Toy box"
    description = "Calls written into the form"
    has_format = False

    def validate(self, source: Source) -> None:
        if "model" not in source.config:
            raise ConnectorError("Name a model")

    def poll(self, source: Source, now: datetime, enqueue_file: EnqueueFile | None = None) -> PollResult:
        dimensions = Dimensions(source)
        aggregates.replace_buckets(source, [self._value(source, now)], dimensions, now.date())
        return PollResult(Counts(1, 1))

    def preview(self, source: Source, now: datetime) -> Sample:
        value = self._value(source, now)
        record = SampleRecord(value.start, value.seconds, value.caller, value.called, tuple(value.measures))
        return Sample("the toy box", "toy", "it is a toy", records=[record], accepted=1)

    def progress(self, source: Source, now: datetime) -> Progress | None:
        return Progress("objects", 1, 2, 0.5)

    def describe(self, source: Source) -> list[Detail]:
        return [Detail("Toy model", (source.config["model"],))]

    def _value(self, source: Source, now: datetime) -> BucketValue:
        start = int(now.timestamp()) // HOUR * HOUR
        measures = (7, 0, 0, 10, 20, None)
        called = Called("openai", source.config["model"], "")
        return BucketValue(
            "toy", start, HOUR, Caller("Toy shop", "", "", "", "", "", internal=False), called, measures
        )
