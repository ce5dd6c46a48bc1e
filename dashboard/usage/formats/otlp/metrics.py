"""OTLP metrics in JSON: one ExportMetricsServiceRequest per line, as the collector's file exporter writes it.

Calls are the counts of the duration histogram, tokens the sums of the token metrics. A cumulative series is
a running total since its start: of each series and hour the highest counts, and its growth is what was
called. A delta point adds up, once per series and time.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

from dashboard.usage.buckets import HOUR, RUNNING_TOTAL, key_digest
from dashboard.usage.formats.aggregated import AggregatedFormat
from dashboard.usage.formats.base import DetectionSample
from dashboard.usage.formats.otlp import spans as otlp_spans
from dashboard.usage.records import Batch, BucketValue, Called, Caller, CallRow, Group, checked_count

__all__ = ["NAMES", "OTLPMetrics", "attributes_of", "identity_of", "list_of", "object_of"]

DURATION = {"gen_ai.client.operation.duration", "gen_ai.client.inference.duration"}
TOKENS = {"gen_ai.client.token.usage"}
INPUT_TOKENS, OUTPUT_TOKENS = (
    "gen_ai.client.inference.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens",
)
NAMES = DURATION | TOKENS | {INPUT_TOKENS, OUTPUT_TOKENS}
TYPE = "gen_ai.token.type"
DELTA, CUMULATIVE = 1, 2
TEMPORALITIES = {"AGGREGATION_TEMPORALITY_DELTA": DELTA, "AGGREGATION_TEMPORALITY_CUMULATIVE": CUMULATIVE}
KINDS = ("histogram", "exponentialHistogram", "sum")

JSONObject = Mapping[str, Any]


class OTLPPoint(NamedTuple):
    """One data point: its series, how its value counts, and what it measures."""

    series: str
    metric: str
    temporality: int
    resource: otlp_spans.Attributes
    attributes: otlp_spans.Attributes
    point: JSONObject


class OTLPMetrics(AggregatedFormat):
    name = "otlp-metrics"
    under = ()

    def parts(self, element: JSONObject) -> Iterator[OTLPPoint]:
        if "resourceMetrics" not in element:
            if element and not {"resourceSpans", "resourceLogs"} & element.keys():
                raise ValueError("no resourceMetrics")
            return
        for group in list_of(element, "resourceMetrics"):
            resource = attributes_of(object_of(group, "resource"))
            everything = identity_of(object_of(group, "resource"))
            for scope in list_of(group, "scopeMetrics"):
                source = str(object_of(scope, "scope").get("name"))
                for metric in list_of(scope, "metrics"):
                    yield from _points(metric, source, resource, everything)

    def bucket_value(self, record: OTLPPoint) -> BucketValue:
        key, measures = _key(record), _measures(record)
        start = _nano(record.point, "timeUnixNano") // 1_000_000_000 // HOUR * HOUR
        # What restarted counts from 0 again, as a series of its own.
        series = key_digest(record.series, record.point.get("startTimeUnixNano"))
        return BucketValue(series, start, RUNNING_TOTAL, *self.describe(key), tuple(measures))

    def extract(self, record: OTLPPoint) -> CallRow:
        at = _nano(record.point, "timeUnixNano")
        return (at // 1_000_000_000, _key(record), f"{record.series} {at}", *_measures(record))

    def describe(self, key: tuple) -> tuple[Caller, Called]:
        return otlp_spans.describe(key)

    def recognise(self, sample: DetectionSample) -> str:
        # Where a file has both, the spans are the same calls one by one.
        ours = sum(_opens(line, b"Metrics") for line in sample.lines)
        is_ours = ours and not any(_opens(line, b"Spans") for line in sample.lines)
        others = sum("resourceLogs" in found for found in sample.objects)
        return "OTLP requests with resourceMetrics" if is_ours and ours + others >= sample.needed else ""

    def add_record(self, record: OTLPPoint, batch: Batch) -> None:
        if record.temporality == CUMULATIVE:
            super().add_record(record, batch)
        elif record.temporality == DELTA:
            groups: dict[tuple[int, tuple], Group] = {}
            self._add_row(self.extract(record), groups, batch)
            self._fold(groups, batch)
        else:
            raise ValueError("aggregationTemporality is neither delta nor cumulative")


def _points(
    metric: JSONObject, scope: str, resource: otlp_spans.Attributes, everything: str
) -> Iterator[OTLPPoint]:
    name = str(metric.get("name"))
    if name not in NAMES:
        return
    kind = next((each for each in KINDS if each in metric), None)
    if kind is None:
        return
    body = object_of(metric, kind)
    for point in list_of(body, "dataPoints"):
        attributes = attributes_of(point)
        operation = attributes.get("gen_ai.operation.name")
        if operation and operation not in otlp_spans.ENDPOINTS:
            continue  # agents and tools repeat the numbers of their calls
        series = key_digest(everything, scope, name, identity_of(point))
        yield OTLPPoint(
            series, name, _temporality(body.get("aggregationTemporality")), resource, attributes, point
        )


def _key(record: OTLPPoint) -> tuple:
    """The same grouping key as a span's; its measures are made here."""
    trace = otlp_spans.Span("", "", "", 0, record.attributes)
    return otlp_spans.extract(record.resource, trace)[1]


def _measures(record: OTLPPoint) -> Group:
    point, kind = record.point, record.attributes.get(TYPE)
    if record.metric in DURATION:
        calls = _count(point.get("count"), "count")
        error = str(record.attributes.get("error.type") or "")
        failed = calls if error else 0
        return [calls, failed, calls if error.endswith(otlp_spans.GONE) else 0, None, None, None]
    total = _count(next((point[n] for n in ("sum", "asInt", "asDouble") if n in point), None), "sum")
    is_input = kind == "input" if record.metric in TOKENS else record.metric == INPUT_TOKENS
    is_output = kind in {"output", "completion"} if record.metric in TOKENS else record.metric == OUTPUT_TOKENS
    return [None, None, None, total if is_input else None, total if is_output else None, None]


def _count(value: Any, name: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise ValueError(f"{name} is not a number")
    return checked_count(round(value) if isinstance(value, float) and isfinite(value) else value, name)


def _nano(point: JSONObject, name: str) -> int:
    try:
        return int(point.get(name) or "")
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name} is not a number") from None


def _temporality(value: Any) -> int:
    """A number, or its name; 0 for anything else."""
    return value if isinstance(value, int) else TEMPORALITIES.get(str(value), 0)


def attributes_of(item: JSONObject) -> dict[str, otlp_spans.Value]:
    found: dict[str, otlp_spans.Value] = {}
    for each in list_of(item, "attributes"):
        key, value = each.get("key"), object_of(each, "value")
        if isinstance(key, str) and (key in otlp_spans.WANTED or key == TYPE):
            plain = next((v for v in value.values() if isinstance(v, str | int | float)), None)
            if plain is not None:
                found[key] = plain
    return found


def identity_of(item: JSONObject) -> str:
    """A digest of all attributes, which together identify a series."""
    return key_digest(*sorted(f"{each.get('key')}={each.get('value')}" for each in list_of(item, "attributes")))


def list_of(item: JSONObject, key: str) -> list[JSONObject]:
    found = item.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ValueError(f"{key} is not a list of objects")
    return found


def object_of(item: JSONObject, key: str) -> JSONObject:
    found = item.get(key) or {}
    if not isinstance(found, dict):
        raise ValueError(f"{key} is not an object")  # noqa: TRY004  what is wrong is the line
    return found


def _opens(line: bytes, what: bytes) -> bool:
    """A line may be longer than what is looked at, so its beginning must do."""
    return line.lstrip()[:40].replace(b" ", b"").startswith(b'{"resource%b":[' % what)
